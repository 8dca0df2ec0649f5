//! Tools for developers.

fn main() {}
