//! `refsync audit`: who changed what.

use std::process::ExitCode;

use clap::{Args, Subcommand};

mod list;

/// Tell who changed what, when, and from where
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
}

pub(super) fn execute(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::List(args) => list::execute(args),
    }
}
