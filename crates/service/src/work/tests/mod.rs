//! The worker with a real database and real repositories.

pub(super) mod fixture;
