//! `refsync run watch`.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::which::Which;
use crate::cli::{online, waiting};
use crate::output;
use crate::output::runs;
use crate::output::screen::Screen;
use crate::output::watching::Watching;

/// Watch a run until it ends
///
/// Ctrl-C ends the watching; the run goes on. A server that starts anew meanwhile does not end it.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    which: Which,

    /// Exit as the run did: 0 in sync, 1 a fault, 2 not a fast-forward, 3 out of sync
    #[arg(long)]
    exit_status: bool,
}

const AFTER_HELP: &str = "\
Examples:
  refsync run watch
  refsync run watch 019a0b1c-2d3e --exit-status && notify-send done";

pub(super) fn execute(args: &WatchArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let run = args.which.run(&client).await?;
        let mut watching = Watching::new(&run);
        let run = client.follow(&run.id, |update| watching.tell(update)).await?;
        watching.finish();
        let references = waiting::references(&client, &run).await?;
        let screen = Screen::of_stdout();
        output::result(&runs::view(&run, &references, &screen)).context("cannot write the result")?;
        Ok(if args.exit_status {
            waiting::exit_code(&run).into()
        } else {
            ExitCode::SUCCESS
        })
    })
}
