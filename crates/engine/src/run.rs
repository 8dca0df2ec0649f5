//! The spine.

use crate::event::Listener;
use crate::report::Report;
use crate::request::Request;

/// Runs.
pub async fn run(_request: &Request, _listener: &Listener) -> Report {
    Report::default()
}
