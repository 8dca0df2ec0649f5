//! `refsync conflict view`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::conflict::{Conflict, OneConflictQuery};
use crate::cli::{online, selection};
use crate::client::{Call, Client, ClientError};
use crate::output::conflicts;
use crate::output::format::Output;

/// Show a conflict: both values, what both sides last agreed on, and the ways out
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ViewArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    mirror: String,

    /// The reference; a name without refs/ is a branch
    #[arg(value_name = "REF", value_parser = selection::reference)]
    reference: String,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync conflict view app main
  refsync conflict view app refs/tags/v1.2.3 -o yaml";

pub(super) fn execute(args: &ViewArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let conflict = one(&client, &args.mirror, &args.reference).await?;
        args.output
            .print(&conflict, |screen| conflicts::view(&conflict, screen))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The conflict of a reference.
pub(super) async fn one(client: &Client, mirror: &str, reference: &str) -> Result<Conflict, ClientError> {
    let query = OneConflictQuery {
        reference: reference.to_owned(),
    };
    client
        .ask(Call::get(&["mirrors", mirror, "conflict"]).query(&query))
        .await
}
