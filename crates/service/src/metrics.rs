//! What Prometheus asks for. Labels are bounded: hosts and mirrors of the configuration, fixed words.

/// The metrics of a process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {}
