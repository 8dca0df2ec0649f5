//! `refsync mirror list`.

use std::process::ExitCode;

use clap::Args;

use crate::cli::{online, selection};
use crate::output::format::Output;
use crate::output::mirrors;

/// List mirrors, and how each of them is
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ListArgs {
    #[command(flatten)]
    output: Output,

    /// Only those with this label. Repeatable: all must match
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_parser = selection::label)]
    label: Vec<String>,

    /// Only those in these states, separated by commas: new, in-sync, moving, waiting, failed, paused, parked
    #[arg(short, long, value_name = "STATE")]
    state: Option<String>,

    /// Only those with this in their name or addresses
    #[arg(value_name = "SEARCH")]
    search: Option<String>,
}

const AFTER_HELP: &str = "\
Examples:
  refsync mirror list
  refsync mirror list -l team=pay --state waiting,failed
  refsync mirror list -o json | jq -r '.items[] | select(.behindSince) | .name'";

pub(super) fn execute(args: &ListArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let found = selection::mirrors(&client, &args.label, args.state.clone(), args.search.clone()).await?;
        let page = found.page();
        let filtered = !args.label.is_empty() || args.state.is_some() || args.search.is_some();
        args.output.print(&page, |screen| match page.items.as_slice() {
            [] => mirrors::none(filtered, screen),
            items => mirrors::list(items, args.output.is_wide(), screen),
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
