//! Pictures drawn on the server, as SVG: nothing but numbers and words of ours goes into them.

use store::run::State;

mod divergence;
mod strip;
mod timeline;
mod week;

pub(super) use divergence::{Branch, divergence};
pub(super) use strip::strip;
pub(super) use timeline::timeline;
pub(super) use week::{Mark, lag, outcomes};

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// The class that colours a state.
fn class(state: State) -> &'static str {
    match state {
        State::Succeeded => "succeeded",
        State::Refused => "refused",
        State::Held => "held",
        State::Failed => "failed",
        State::Cancelled => "cancelled",
        State::Queued | State::Running => "running",
    }
}
