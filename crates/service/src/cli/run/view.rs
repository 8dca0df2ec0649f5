//! `refsync run view`.

use std::process::ExitCode;

use clap::Args;

use super::which::Which;
use crate::api::model::run::{Run, RunState};
use crate::cli::{online, waiting};
use crate::client::Client;
use crate::output::format::Output;
use crate::output::runs;

/// Show a run: what it was given, what became of each reference, and how it ended
///
/// Of a failed run: the side at fault, what to do, and the git commands that show the same by hand.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ViewArgs {
    #[command(flatten)]
    which: Which,

    /// The log
    #[arg(long, conflicts_with = "log_failed")]
    log: bool,

    /// The warnings, the errors, and the words of the hosts in the log; nothing if the run succeeded
    #[arg(long)]
    log_failed: bool,

    /// Exit as the run did: 0 in sync, 1 a fault, 2 not a fast-forward, 3 out of sync
    #[arg(long)]
    exit_status: bool,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync run view 019a0b1c-2d3e
  refsync run view --mirror app --log-failed
  refsync run view 019a0b1c-2d3e -o json";

pub(super) fn execute(args: &ViewArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let run = args.which.run(&client).await?;
        if args.log || args.log_failed {
            log(&client, &run, args).await?;
        } else {
            let references = waiting::references(&client, &run).await?;
            args.output
                .print(&run, |screen| runs::view(&run, &references, screen))?;
        }
        Ok(if args.exit_status {
            waiting::exit_code(&run).into()
        } else {
            ExitCode::SUCCESS
        })
    })
}

async fn log(client: &Client, run: &Run, args: &ViewArgs) -> anyhow::Result<()> {
    let mut lines = client.log(&run.id, 0).await?;
    if args.log_failed {
        let succeeded = run.state == RunState::Succeeded;
        lines.retain(|line| !succeeded && matches!(line.level.as_str(), "warning" | "error" | "remote"));
    }
    args.output.print(&lines, |screen| {
        lines.iter().map(|line| runs::log_line(line, screen)).collect()
    })
}
