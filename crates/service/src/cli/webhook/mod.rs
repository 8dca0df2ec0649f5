//! `refsync webhook`: what hosts tell, and how they are told to.

use std::process::ExitCode;

use clap::{Args, Subcommand};

mod deliveries;
mod explain;
mod list;
mod redeliver;
mod register;
mod view;

/// Set up webhooks, look at what hosts delivered, and deliver it again
#[derive(Debug, Args)]
pub(super) struct WebhookArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    Register(register::RegisterArgs),
    Deliveries(deliveries::DeliveriesArgs),
    View(view::ViewArgs),
    Redeliver(redeliver::RedeliverArgs),
    Explain(explain::ExplainArgs),
}

pub(super) fn execute(args: &WebhookArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::List(args) => list::execute(args),
        Command::Register(args) => register::execute(args),
        Command::Deliveries(args) => deliveries::execute(args),
        Command::View(args) => view::execute(args),
        Command::Redeliver(args) => redeliver::execute(args),
        Command::Explain(args) => explain::execute(args),
    }
}
