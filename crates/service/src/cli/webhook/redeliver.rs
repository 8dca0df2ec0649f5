//! `refsync webhook redeliver`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::Page;
use crate::api::model::delivery::Delivery;
use crate::cli::online;
use crate::client::Call;
use crate::output::deliveries;
use crate::output::format::Output;

/// Take deliveries once more, as if their host had sent them again
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RedeliverArgs {
    /// The deliveries' ids
    #[arg(value_name = "DELIVERY", required = true)]
    ids: Vec<String>,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync webhook redeliver 019a0b1c-2d3e-7000-8000-00000000000d";

pub(super) fn execute(args: &RedeliverArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let mut items: Vec<Delivery> = Vec::new();
        for id in &args.ids {
            items.push(client.ask(Call::post(&["deliveries", id, "redeliver"])).await?);
        }
        let page = Page { items, next: None };
        args.output.print(&page, |screen| {
            deliveries::list(&page.items, args.output.is_wide(), screen)
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
