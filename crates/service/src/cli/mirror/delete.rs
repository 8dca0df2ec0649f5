//! `refsync mirror delete`.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::cli::{confirm, online};
use crate::client::Call;
use crate::output;
use crate::output::names::visible;

/// Remove a mirror that was made over the API
///
/// Its rows are kept until they are as old as the configuration says. The repositories are left as they are. Mirrors of the
/// file are removed there.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DeleteArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    name: String,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

const AFTER_HELP: &str = "\
Examples:
  refsync mirror delete app";

pub(super) fn execute(args: &DeleteArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        if !args.yes {
            confirm(&format!("Remove the mirror {}?", visible(args.name.as_bytes())))?;
        }
        client.tell(Call::delete(&["mirrors", &args.name])).await?;
        output::result(&format!(
            "Removed {}. Its repositories are as they were.\n",
            visible(args.name.as_bytes())
        ))
        .context("cannot write the result")?;
        Ok(ExitCode::SUCCESS)
    })
}
