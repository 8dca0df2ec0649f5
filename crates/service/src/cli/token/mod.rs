//! `refsync token`: who may ask the API.

use std::process::ExitCode;

use clap::{Args, Subcommand};

mod create;
mod list;
mod revoke;

/// Make, list and revoke tokens of the API
#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::CreateArgs),
    List(list::ListArgs),
    Revoke(revoke::RevokeArgs),
}

pub(super) fn execute(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Create(args) => create::execute(args),
        Command::List(args) => list::execute(args),
        Command::Revoke(args) => revoke::execute(args),
    }
}
