//! `refsync completion`: for shells.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::output;

/// Print a script that completes refsync's commands in a shell
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const AFTER_HELP: &str = "\
Examples:
  refsync completion bash > /etc/bash_completion.d/refsync
  refsync completion zsh > \"${fpath[1]}/_refsync\"
  refsync completion fish > ~/.config/fish/completions/refsync.fish";

pub(super) fn execute(args: &CompletionArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "refsync", &mut script);
    let script = String::from_utf8(script).context("cannot write the script")?;
    output::result(&script).context("cannot write the script")?;
    Ok(ExitCode::SUCCESS)
}
