//! `refsync run`: runs of a server.

use std::process::ExitCode;

use clap::{Args, Subcommand};

mod approve;
mod cancel;
mod list;
mod rerun;
mod start;
mod undo;
mod view;
mod watch;
mod which;

/// Start, list, look at, watch, repeat, cancel, approve and undo runs
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Start(start::StartArgs),
    List(list::ListArgs),
    View(view::ViewArgs),
    Watch(watch::WatchArgs),
    Rerun(rerun::RerunArgs),
    Cancel(cancel::CancelArgs),
    Approve(approve::ApproveArgs),
    Undo(undo::UndoArgs),
}

pub(super) fn execute(args: &RunArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Start(args) => start::execute(args),
        Command::List(args) => list::execute(args),
        Command::View(args) => view::execute(args),
        Command::Watch(args) => watch::execute(args),
        Command::Rerun(args) => rerun::execute(args),
        Command::Cancel(args) => cancel::execute(args),
        Command::Approve(args) => approve::execute(args),
        Command::Undo(args) => undo::execute(args),
    }
}
