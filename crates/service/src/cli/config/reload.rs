//! `refsync config reload`: a server reads its file again.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::api::model::service::{ReloadRequest, Reloaded};
use crate::cli::online;
use crate::client::Call;
use crate::output;

/// Tell the server to read its configuration file again
///
/// It does so by itself when the file changes. A bad file keeps the old configuration in force, and this says why.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ReloadArgs {
    /// Even if over 20 % of the mirrors would go
    #[arg(long)]
    force: bool,
}

const AFTER_HELP: &str = "\
Examples:
  refsync config check && refsync config reload";

pub(super) fn execute(args: &ReloadArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let request = ReloadRequest { force: args.force };
        let reloaded: Reloaded = client
            .ask(Call::post(&["config", "reload"]).json(&request)?)
            .await?;
        output::result(&text(&reloaded)).context("cannot write the result")?;
        Ok(ExitCode::SUCCESS)
    })
}

fn text(reloaded: &Reloaded) -> String {
    if *reloaded == Reloaded::default() {
        return "The configuration was read again: no mirror changes.\n".to_owned();
    }
    format!(
        "The configuration was read again: {} added, {} removed, {} changed.\n",
        reloaded.added.len(),
        reloaded.removed.len(),
        reloaded.changed.len()
    )
}
