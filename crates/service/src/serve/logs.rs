//! The log: on standard error, in text or JSON.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. Only refsync's own events are logged, at any level: libraries below may log what they send, credentials too.
pub(super) fn start(format: LogFormat, level: LevelFilter) {
    let ours = ["refsync", "engine", "store", "config", "hosts"];
    let filter = ours.iter().fold(Targets::new(), |targets, target| {
        targets.with_target(*target, level)
    });
    let lines = match format {
        LogFormat::Text => fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
        LogFormat::Json => fmt::layer()
            .with_writer(std::io::stderr)
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed(),
    };
    // A second subscriber is only possible in a test, and then the first one is as good.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
