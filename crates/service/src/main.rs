//! The binary `refsync`: branches and tags kept the same in two Git repositories.
//!
//! [`cli`] parses and dispatches, [`inputs`] makes a validated request of flags and variables, the engine runs it, and
//! [`output`] says what became of it.

use std::process::ExitCode;

mod cli;
mod inputs;
mod output;

fn main() -> ExitCode {
    cli::main()
}
