//! `refsync conflict`: references that wait for a decision.

use std::process::ExitCode;

use clap::{Args, Subcommand};

mod list;
mod resolve;
mod view;

/// List, look at and resolve conflicts: references that both sides changed
#[derive(Debug, Args)]
pub(super) struct ConflictArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    View(view::ViewArgs),
    Resolve(resolve::ResolveArgs),
}

pub(super) fn execute(args: &ConflictArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::List(args) => list::execute(args),
        Command::View(args) => view::execute(args),
        Command::Resolve(args) => resolve::execute(args),
    }
}
