//! `refsync webhook register`.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::api::model::Page;
use crate::api::model::hook::{RegisterRequest, Registration};
use crate::cli::online;
use crate::cli::selection::Selection;
use crate::client::Call;
use crate::output::deliveries;
use crate::output::format::Output;
use crate::output::names::visible;
use crate::output::style::Tone;

/// Make or repair the webhooks of mirrors on their hosts
///
/// Works by the hosts' APIs, with the `hookToken` of the credential; for hosts without one the steps by hand are told, with the
/// events to tick.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RegisterArgs {
    #[command(flatten)]
    selection: Selection,

    /// Write the secret anew even where the webhook is there as wanted
    #[arg(long)]
    rotate: bool,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   the webhooks are there, or the steps by hand were told
  1   a host did not let one be made

Examples:
  refsync webhook register app
  refsync webhook register -l team=pay --rotate";

/// What became of the webhooks of one of several mirrors, for programs: one document, not one for each.
#[derive(Debug, Serialize)]
struct Registered {
    mirror: String,
    items: Vec<Registration>,
}

pub(super) fn execute(args: &RegisterArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let request = RegisterRequest { rotate: args.rotate };
        let mut failed = false;
        let mut made = Vec::new();
        for name in args.selection.names(&client).await? {
            let call = Call::post(&["mirrors", &name, "hooks"]).json(&request)?.slow();
            let page: Page<Registration> = client.ask(call).await?;
            failed |= page.items.iter().any(|one| one.outcome == "failed");
            if !args.output.is_for_programs() || args.selection.is_one() {
                args.output.print(&page, |screen| {
                    let title = screen.paint(Tone::Title, &visible(name.as_bytes()));
                    format!("{title}\n{}", deliveries::registrations(&page.items, screen))
                })?;
            }
            made.push(Registered {
                mirror: name,
                items: page.items,
            });
        }
        if args.output.is_for_programs() && !args.selection.is_one() {
            args.output.print(&made, |_| String::new())?;
        }
        Ok(if failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    })
}
