//! One run of refsync: observe both sides, decide, relay, report.
