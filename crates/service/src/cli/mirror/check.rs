//! `refsync mirror check`: the preflight.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::check::CheckReport;
use crate::cli::online;
use crate::cli::selection::Selection;
use crate::client::Call;
use crate::output::checks;
use crate::output::format::Output;

/// Check whether mirrors can work: reachable, authenticated, may read, may write, hidden references, scope
///
/// Writes nothing. A branch can be protected all the same: only a push tells that.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   all of them can work
  1   something failed, and what to do about it is told

Examples:
  refsync mirror check app
  refsync mirror check --all -o json";

pub(super) fn execute(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let mut reports = Vec::new();
        for name in args.selection.names(&client).await? {
            let report: CheckReport = client
                .ask(Call::post(&["mirrors", &name, "check"]).slow())
                .await?;
            if !args.output.is_for_programs() {
                args.output
                    .print(&report, |screen| checks::report(&report, screen))?;
            }
            reports.push(report);
        }
        if args.output.is_for_programs() {
            match reports.as_slice() {
                [one] if args.selection.is_one() => args.output.print(one, |_| String::new())?,
                many => args.output.print(&many, |_| String::new())?,
            }
        }
        Ok(if reports.iter().all(|report| report.ok) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}
