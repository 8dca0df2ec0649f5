//! `refsync mirror diff`: the drift report.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::reference::{Drift, DriftQuery};
use crate::cli::selection::Selection;
use crate::cli::{EXIT_DIFFERENT, online};
use crate::client::{Call, Client, ClientError};
use crate::output::Aside;
use crate::output::drift::{self, Of};
use crate::output::format::Output;

/// Compare both sides of mirrors: each reference that differs, both values, and since when
///
/// Also tells the references that only the target has, and deletions that are not mirrored: they are as they should be, and
/// count as no drift.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DiffArgs {
    #[command(flatten)]
    selection: Selection,

    /// Look at both sides now, writing nothing; otherwise tell what the last runs saw
    #[arg(long)]
    live: bool,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Exit codes, the highest of several mirrors:
  0   in sync
  1   it could not be told: no run has looked yet, or the last one failed
  3   drift: at least one reference differs that should not

Examples:
  refsync mirror diff app
  refsync mirror diff app --live -o wide
  refsync mirror diff -l team=pay
  refsync mirror diff --all -o json";

/// What one mirror's report comes to: the highest of several is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    InSync,
    Untold,
    Drifted,
}

pub(super) fn execute(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let names = args.selection.names(&client).await?;
        if args.selection.is_one() {
            let drift = args.ask(&client, &names[0]).await?;
            args.tell(&drift, Of::One)?;
            return Ok(came(&drift, false).into());
        }
        let mut worst = Came::InSync;
        let mut all: Vec<Drift> = Vec::new();
        for name in &names {
            let drift = match args.ask(&client, name).await {
                Ok(drift) => drift,
                // One that cannot be looked at hides no drift of the others.
                Err(error @ ClientError::Problem { .. }) => {
                    Aside::new().error(&format!("{name}: {error}"));
                    worst = worst.max(Came::Untold);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if !args.output.is_for_programs() {
                args.tell(&drift, Of::Several)?;
            }
            worst = worst.max(came(&drift, true));
            all.push(drift);
        }
        if args.output.is_for_programs() {
            args.output.print(&all, |_| String::new())?;
        }
        Ok(worst.into())
    })
}

impl DiffArgs {
    async fn ask(&self, client: &Client, name: &str) -> Result<Drift, ClientError> {
        let query = DriftQuery {
            live: self.live.then_some(true),
        };
        let call = Call::get(&["mirrors", name, "diff"]).query(&query).slow();
        client.ask(call).await
    }

    fn tell(&self, drift: &Drift, of: Of) -> anyhow::Result<()> {
        self.output.print(drift, |screen| {
            drift::report(drift, of, self.output.is_wide(), screen)
        })
    }
}

/// Says also why it cannot be told; with the mirror's name, if there are several.
fn came(drift: &Drift, named: bool) -> Came {
    if let Some(why) = &drift.unsure {
        let name = if named {
            format!("{}: ", drift.mirror)
        } else {
            String::new()
        };
        Aside::new().error(&format!("{name}{why}; --live looks at both sides now"));
    }
    if drift::is_drifted(drift) {
        Came::Drifted
    } else if drift.unsure.is_some() {
        Came::Untold
    } else {
        Came::InSync
    }
}

impl From<Came> for ExitCode {
    fn from(came: Came) -> Self {
        match came {
            Came::InSync => Self::SUCCESS,
            Came::Untold => Self::FAILURE,
            Came::Drifted => EXIT_DIFFERENT.into(),
        }
    }
}
