//! `refsync run undo`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::run::Run;
use crate::cli::{online, waiting};
use crate::client::Call;
use crate::output::format::Output;

/// Put back what a run replaced or deleted
///
/// Every write is leased on what the run wrote: what somebody pushed since stays. It works as long as the host still has the
/// old objects.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct UndoArgs {
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
  refsync run undo 019a0b1c-2d3e --wait";

pub(super) fn execute(args: &UndoArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let run: Run = client.ask(Call::post(&["runs", &args.id, "undo"])).await?;
        waiting::asked_or_ended(&client, run, args.wait, args.output).await
    })
}
