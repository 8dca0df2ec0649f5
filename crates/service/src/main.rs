//! The binary `refsync`.

fn main() {}
