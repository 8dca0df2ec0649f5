//! `refsync webhook deliveries`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::Page;
use crate::api::model::delivery::{Delivery, DeliveryQuery};
use crate::cli::online;
use crate::output::deliveries;
use crate::output::format::Output;

/// List what hosts delivered, newest first, and what became of it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct DeliveriesArgs {
    /// Only those about this mirror
    #[arg(value_name = "MIRROR")]
    mirror: Option<String>,

    /// Only those at the endpoint of this credential
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,

    /// At most so many
    #[arg(short = 'L', long, value_name = "COUNT", default_value_t = 30)]
    limit: usize,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync webhook deliveries app
  refsync webhook deliveries --credential ghe -L 100 -o wide";

pub(super) fn execute(args: &DeliveriesArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let query = DeliveryQuery {
            mirror: args.mirror.clone(),
            credential: args.credential.clone(),
            ..DeliveryQuery::default()
        };
        let page: Page<Delivery> = client.list(&["deliveries"], &query, args.limit).await?.page();
        args.output.print(&page, |screen| match page.items.as_slice() {
            [] => deliveries::none(screen),
            items => deliveries::list(items, args.output.is_wide(), screen),
        })?;
        Ok(ExitCode::SUCCESS)
    })
}
