//! `refsync mirror view`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::conflict::ConflictQuery;
use crate::api::model::mirror::Mirror;
use crate::api::model::run::RunQuery;
use crate::cli::online;
use crate::cli::selection::ALL;
use crate::client::{Call, Client, ClientError};
use crate::output::format::Output;
use crate::output::mirrors::{self, Beside};

/// Show one mirror: its configuration, how it is, its conflicts and last runs
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ViewArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    name: String,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync mirror view app
  refsync mirror view app -o yaml";

/// How many of its last runs are shown.
const RUNS: usize = 5;

pub(super) fn execute(args: &ViewArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let mirror: Mirror = client.ask(Call::get(&["mirrors", &args.name])).await?;
        let beside = if args.output.is_for_programs() {
            None
        } else {
            Some(beside(&client, &mirror.name).await?)
        };
        args.output.print(&mirror, |screen| match &beside {
            Some(beside) => mirrors::view(&mirror, beside, screen),
            None => String::new(),
        })?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn beside(client: &Client, name: &str) -> Result<Beside, ClientError> {
    let conflicts = ConflictQuery {
        mirror: Some(name.to_owned()),
        ..ConflictQuery::default()
    };
    let runs = RunQuery {
        mirror: Some(name.to_owned()),
        ..RunQuery::default()
    };
    Ok(Beside {
        conflicts: client.list(&["conflicts"], &conflicts, ALL).await?.items,
        runs: client.list(&["runs"], &runs, RUNS).await?.items,
        input_sets: client
            .list(&["mirrors", name, "input-sets"], &(), ALL)
            .await?
            .items,
    })
}
