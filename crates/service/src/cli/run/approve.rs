//! `refsync run approve`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::run::Run;
use crate::cli::{online, waiting};
use crate::client::Call;
use crate::output::format::Output;

/// Release what a run holds
///
/// A run that would delete or rewrite very many references is held: the rest was written. `refsync run view` shows what is
/// held. Every write is leased on the values that the held run saw.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ApproveArgs {
    /// The run's id, or a unique beginning of it
    #[arg(value_name = "RUN")]
    id: String,

    /// Wait for the end, show it, and exit as refsync sync does
    #[arg(short, long)]
    wait: bool,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync run view 019a0b1c-2d3e
  refsync run approve 019a0b1c-2d3e --wait";

pub(super) fn execute(args: &ApproveArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let run: Run = client.ask(Call::post(&["runs", &args.id, "approve"])).await?;
        waiting::asked_or_ended(&client, run, args.wait, args.output).await
    })
}
