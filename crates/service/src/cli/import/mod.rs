//! `refsync import`: configurations from what people have.

use std::process::ExitCode;

use clap::{Args, Subcommand};

mod harness;

/// Make a configuration from what does the work today
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Harness(harness::HarnessArgs),
}

pub(super) fn execute(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Harness(args) => harness::execute(args),
    }
}
