//! The real `refsync serve`: how it starts, what it tells the programs that it starts, and the examples, run.

#![expect(clippy::expect_used, reason = "what goes wrong here fails the test")]

mod database;
mod environment;
mod examples;
mod listening;
mod starting;
mod unasked;

/// The built program.
const REFSYNC: &str = env!("CARGO_BIN_EXE_refsync");
