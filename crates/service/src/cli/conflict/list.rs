//! `refsync conflict list`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::Page;
use crate::api::model::conflict::{Conflict, ConflictQuery};
use crate::cli::online;
use crate::cli::selection::{self, ALL};
use crate::output::conflicts;
use crate::output::format::Output;

/// List the references that wait for a decision, oldest first
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ListArgs {
    /// Only those of this mirror
    #[arg(value_name = "MIRROR")]
    mirror: Option<String>,

    /// Only those of mirrors with this label. Repeatable: all must match
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_parser = selection::label)]
    label: Vec<String>,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync conflict list
  refsync conflict list -l team=pay
  refsync conflict list app -o json";

pub(super) fn execute(args: &ListArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let query = ConflictQuery {
            mirror: args.mirror.clone(),
            label: selection::joined(&args.label),
            ..ConflictQuery::default()
        };
        let page: Page<Conflict> = client.list(&["conflicts"], &query, ALL).await?.page();
        args.output.print(&page, |screen| match page.items.as_slice() {
            [] => conflicts::none(screen),
            items => conflicts::list(items, screen),
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
