//! `refsync demo`: what a mirror does, shown on two throwaway repositories.

use std::process::ExitCode;

use clap::Args;

use crate::demo;

/// Show what a mirror does, on two throwaway repositories in a temporary folder
///
/// Every command is printed and really run: a first mirror, a new commit, a force push without and with the old SHA, a
/// deletion, and a race. Needs git.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Keep the repositories, to look around in them
    #[arg(long)]
    keep: bool,
}

pub(super) fn execute(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    demo::run(args.keep)?;
    Ok(ExitCode::SUCCESS)
}
