//! `refsync run list`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::Page;
use crate::api::model::run::{Run, RunQuery};
use crate::cli::{online, selection};
use crate::output::format::Output;
use crate::output::runs;

/// List runs, newest first
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ListArgs {
    /// Only those of this mirror
    #[arg(short, long, value_name = "MIRROR")]
    mirror: Option<String>,

    /// Only those of mirrors with this label. Repeatable: all must match
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_parser = selection::label)]
    label: Vec<String>,

    /// Only those in these states, separated by commas: queued, running, succeeded, refused, held, failed, cancelled
    #[arg(short, long, value_name = "STATE")]
    state: Option<String>,

    /// At most so many
    #[arg(short = 'L', long, value_name = "COUNT", default_value_t = 30)]
    limit: usize,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync run list
  refsync run list --mirror app --state failed,held -L 100
  refsync run list -l team=pay --state failed";

pub(super) fn execute(args: &ListArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let query = RunQuery {
            mirror: args.mirror.clone(),
            label: selection::joined(&args.label),
            state: args.state.clone(),
            ..RunQuery::default()
        };
        let found = client.list(&["runs"], &query, args.limit).await?;
        let more = found.more;
        let page: Page<Run> = found.page();
        let filtered = args.mirror.is_some() || args.state.is_some() || !args.label.is_empty();
        args.output.print(&page, |screen| match page.items.as_slice() {
            [] => runs::none(filtered, screen),
            items => runs::list(items, more, args.output.is_wide(), screen),
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
