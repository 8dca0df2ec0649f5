//! `refsync run cancel`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::run::{Run, RunState};
use crate::cli::online;
use crate::client::Call;
use crate::output::format::Output;
use crate::output::runs;

/// Cancel a run
///
/// What it has written stays written, and what it has not is done by the next run.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CancelArgs {
    /// The run's id, or a unique beginning of it
    #[arg(value_name = "RUN")]
    id: String,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync run cancel 019a0b1c-2d3e";

pub(super) fn execute(args: &CancelArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let run: Run = client.ask(Call::post(&["runs", &args.id, "cancel"])).await?;
        args.output.print(&run, |_| {
            let id = runs::short_id(&run.id);
            match run.state {
                RunState::Cancelled => format!("Run {id} is cancelled.\n"),
                state if state.is_over() => format!("Run {id} was over already: {}.\n", runs::result(&run)),
                _ => format!("Run {id} is being cancelled. To watch it: refsync run watch {id}\n"),
            }
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
