//! `refsync audit list`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::Page;
use crate::api::model::audit::{AuditEntry, AuditQuery};
use crate::cli::online;
use crate::output::format::Output;
use crate::output::tokens;

/// List changes, newest first
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ListArgs {
    /// Only those of one thing, such as "mirror app"
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,

    /// At most so many
    #[arg(short = 'L', long, value_name = "COUNT", default_value_t = 30)]
    limit: usize,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync audit list
  refsync audit list --subject 'mirror app' -o wide";

pub(super) fn execute(args: &ListArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let query = AuditQuery {
            subject: args.subject.clone(),
            ..AuditQuery::default()
        };
        let page: Page<AuditEntry> = client.list(&["audit"], &query, args.limit).await?.page();
        args.output.print(&page, |screen| {
            tokens::audit(&page.items, args.output.is_wide(), screen)
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
