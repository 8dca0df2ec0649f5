//! The worker with a real database and real repositories.

pub(crate) mod fixture;
pub(crate) mod scene;

mod asked;
mod clock;
mod hosts;
mod lives;
mod looks;
mod notified;
mod one_way;
mod orders;
mod requests;
mod tokens;
mod two_way;
