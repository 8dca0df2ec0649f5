//! `-vv`: what the engine traces, packet lines among it, on standard error.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Shows events of the target `refsync`, and no others: libraries below may log what they send, credentials too.
pub(crate) fn start() {
    let filter = Targets::new().with_target("refsync", LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_timer(tracing_subscriber::fmt::time::uptime())
        .with_target(false);
    // A second subscriber is only possible in a test, and then the first one is as good.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
