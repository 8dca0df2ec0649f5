//! `refsync token list`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::Page;
use crate::api::model::token::Token;
use crate::cli::online;
use crate::cli::selection::ALL;
use crate::output::format::Output;
use crate::output::tokens;

/// List the tokens of the API, without their texts
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ListArgs {
    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync token list";

pub(super) fn execute(args: &ListArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let page: Page<Token> = client.list(&["tokens"], &(), ALL).await?.page();
        args.output
            .print(&page, |screen| tokens::list(&page.items, screen))?;
        Ok(ExitCode::SUCCESS)
    })
}
