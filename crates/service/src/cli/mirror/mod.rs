//! `refsync mirror`: mirrors of a server.

use std::process::ExitCode;

use clap::{Args, Subcommand};

mod check;
mod create;
mod delete;
mod diff;
mod edit;
mod list;
mod pause;
mod resume;
mod run;
mod spec;
mod test;
mod view;

/// List, look at, run, compare, pause and change the mirrors of a server
#[derive(Debug, Args)]
pub(super) struct MirrorArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    View(view::ViewArgs),
    Run(Box<run::RunArgs>),
    Diff(diff::DiffArgs),
    Check(check::CheckArgs),
    Test(test::TestArgs),
    Pause(pause::PauseArgs),
    Resume(resume::ResumeArgs),
    Create(Box<create::CreateArgs>),
    Edit(Box<edit::EditArgs>),
    Delete(delete::DeleteArgs),
}

pub(super) fn execute(args: &MirrorArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::List(args) => list::execute(args),
        Command::View(args) => view::execute(args),
        Command::Run(args) => run::execute(args),
        Command::Diff(args) => diff::execute(args),
        Command::Check(args) => check::execute(args),
        Command::Test(args) => test::execute(args),
        Command::Pause(args) => pause::execute(args),
        Command::Resume(args) => resume::execute(args),
        Command::Create(args) => create::execute(args),
        Command::Edit(args) => edit::execute(args),
        Command::Delete(args) => delete::execute(args),
    }
}
