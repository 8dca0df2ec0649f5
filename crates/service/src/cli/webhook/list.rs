//! `refsync webhook list`: the endpoints of a mirror.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::Page;
use crate::api::model::hook::Hook;
use crate::cli::online;
use crate::cli::selection::ALL;
use crate::output::deliveries;
use crate::output::format::Output;

/// Tell where the hosts of a mirror are to deliver, and how to set that up by hand
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ListArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    mirror: String,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync webhook list app";

pub(super) fn execute(args: &ListArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let page: Page<Hook> = client
            .list(&["mirrors", &args.mirror, "hooks"], &(), ALL)
            .await?
            .page();
        args.output
            .print(&page, |screen| deliveries::hooks(&page.items, screen))?;
        Ok(ExitCode::SUCCESS)
    })
}
