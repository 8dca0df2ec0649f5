//! `refsync mirror pause`.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::api::model::mirror::Mirror;
use crate::cli::online;
use crate::cli::selection::Selection;
use crate::client::Call;
use crate::output;
use crate::output::names::visible;

/// Pause mirrors: until they are resumed, they run only when a person asks
///
/// What hosts tell meanwhile is kept, and done afterwards.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    selection: Selection,
}

const AFTER_HELP: &str = "\
Examples:
  refsync mirror pause app
  refsync mirror pause -l team=pay";

pub(super) fn execute(args: &PauseArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        for name in args.selection.names(&client).await? {
            let mirror: Mirror = client.ask(Call::post(&["mirrors", &name, "pause"])).await?;
            output::result(&format!("Paused {}.\n", visible(mirror.name.as_bytes())))
                .context("cannot write the result")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}
