//! `refsync mirror resume`.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::api::model::mirror::Mirror;
use crate::cli::online;
use crate::cli::selection::Selection;
use crate::client::Call;
use crate::output;
use crate::output::names::visible;

/// End the pause of mirrors
///
/// What was told meanwhile is done at once.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ResumeArgs {
    #[command(flatten)]
    selection: Selection,
}

const AFTER_HELP: &str = "\
Examples:
  refsync mirror resume app
  refsync mirror resume --all";

pub(super) fn execute(args: &ResumeArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        for name in args.selection.names(&client).await? {
            let mirror: Mirror = client.ask(Call::post(&["mirrors", &name, "resume"])).await?;
            output::result(&format!("Resumed {}.\n", visible(mirror.name.as_bytes())))
                .context("cannot write the result")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}
