//! The binary `refsync`: branches and tags kept the same in two Git repositories.
//!
//! [`cli`] parses and dispatches, [`inputs`] makes a validated request of flags and variables, the engine runs it, and
//! [`output`] says what became of it. [`demo`] shows all of it on two throwaway repositories.

use std::process::ExitCode;

mod api;
mod app;
mod cli;
mod client;
mod demo;
mod hooks;
mod inputs;
mod live;
mod metrics;
mod ops;
mod output;
mod pace;
mod serve;
mod web;
mod work;

fn main() -> ExitCode {
    cli::main()
}
