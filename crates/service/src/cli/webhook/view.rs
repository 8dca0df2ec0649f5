//! `refsync webhook view`.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::delivery::Delivery;
use crate::cli::online;
use crate::client::Call;
use crate::output::deliveries;
use crate::output::format::Output;

/// Show a delivery: its headers without secrets, its body, and what became of it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ViewArgs {
    /// The delivery's id
    #[arg(value_name = "DELIVERY")]
    id: String,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync webhook view 019a0b1c-2d3e-7000-8000-00000000000d
  refsync webhook view ID -o json | jq -r .body | refsync webhook explain --provider github";

pub(super) fn execute(args: &ViewArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let delivery: Delivery = client.ask(Call::get(&["deliveries", &args.id])).await?;
        args.output
            .print(&delivery, |screen| deliveries::view(&delivery, screen))?;
        Ok(ExitCode::SUCCESS)
    })
}
