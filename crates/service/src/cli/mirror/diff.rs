//! `refsync mirror diff`: the drift report.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::reference::{Drift, DriftQuery};
use crate::cli::{EXIT_DIFFERENT, online};
use crate::client::Call;
use crate::output::Aside;
use crate::output::drift;
use crate::output::format::Output;

/// Compare both sides of a mirror: each reference that differs, both values, and since when
///
/// Also tells the references that only the target has, and deletions that are not mirrored: they are as they should be, and
/// count as no drift.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DiffArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    name: String,

    /// Look at both sides now, writing nothing; otherwise tell what the last runs saw
    #[arg(long)]
    live: bool,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   in sync
  1   it could not be told: no run has looked yet, or the last one failed
  3   drift: at least one reference differs that should not

Examples:
  refsync mirror diff app
  refsync mirror diff app --live -o wide";

pub(super) fn execute(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let query = DriftQuery {
            live: args.live.then_some(true),
        };
        let call = Call::get(&["mirrors", &args.name, "diff"]).query(&query).slow();
        let drift: Drift = client.ask(call).await?;
        args.output.print(&drift, |screen| {
            drift::report(&drift, args.output.is_wide(), screen)
        })?;
        if let Some(why) = &drift.unsure {
            Aside::new().error(&format!("{why}; --live looks at both sides now"));
        }
        Ok(if drift::is_drifted(&drift) {
            EXIT_DIFFERENT.into()
        } else if drift.unsure.is_some() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    })
}
