//! `refsync token revoke`.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::cli::online;
use crate::client::Call;
use crate::output;
use crate::output::names::visible;

/// Revoke tokens: whoever uses one is refused from now on
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RevokeArgs {
    /// The tokens' ids, as refsync token list tells them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

const AFTER_HELP: &str = "\
Examples:
  refsync token revoke k7f3";

pub(super) fn execute(args: &RevokeArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        for id in &args.ids {
            client.tell(Call::delete(&["tokens", id])).await?;
            output::result(&format!("Revoked {}.\n", visible(id.as_bytes())))
                .context("cannot write the result")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}
