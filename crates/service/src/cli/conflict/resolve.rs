//! `refsync conflict resolve`.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::view::one;
use crate::api::model::Side;
use crate::api::model::conflict::{ResolveRequest, Shown};
use crate::api::model::run::Run;
use crate::cli::{online, selection, waiting};
use crate::client::Call;
use crate::output::format::Output;

/// Decide a conflict: both sides get the value of one of them
///
/// The writes are leased on the values that this command saw: what somebody pushes meanwhile is not overwritten, and the
/// conflict stays. With `--keep both` the other value is parked on both sides as refs/heads/refsync/parked/… first.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ResolveArgs {
    /// The mirror
    #[arg(value_name = "MIRROR")]
    mirror: String,

    /// The reference; a name without refs/ is a branch
    #[arg(value_name = "REF", value_parser = selection::reference)]
    reference: String,

    /// The side whose value both get; the other value is lost on this reference
    #[arg(
        long,
        value_name = "SIDE",
        value_enum,
        required_unless_present = "keep",
        conflicts_with = "keep"
    )]
    take: Option<SideWord>,

    /// Keep both values: the one that is not preferred is parked
    #[arg(long, value_name = "WHICH", value_parser = ["both"], requires = "prefer")]
    keep: Option<String>,

    /// With --keep both: the side whose value the reference gets
    #[arg(long, value_name = "SIDE", value_enum, requires = "keep")]
    prefer: Option<SideWord>,

    /// Wait for the end, show it, and exit as refsync sync does
    #[arg(short, long)]
    wait: bool,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync conflict view app main
  refsync conflict resolve app main --take source --wait
  refsync conflict resolve app main --keep both --prefer target";

/// A side, as a flag's value.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SideWord {
    /// The source's value.
    Source,
    /// The target's value.
    Target,
}

impl From<SideWord> for Side {
    fn from(word: SideWord) -> Self {
        match word {
            SideWord::Source => Self::Source,
            SideWord::Target => Self::Target,
        }
    }
}

pub(super) fn execute(args: &ResolveArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let conflict = one(&client, &args.mirror, &args.reference).await?;
        let Some(side) = args.take.or(args.prefer) else {
            bail!("--take or --keep both --prefer says which value both sides get");
        };
        let request = ResolveRequest {
            reference: conflict.reference,
            take: side.into(),
            keep_both: args.keep.is_some(),
            shown: Some(Shown {
                source: conflict.source,
                target: conflict.target,
            }),
        };
        let call = Call::post(&["mirrors", &args.mirror, "resolve"]).json(&request)?;
        let run: Run = client.ask(call).await?;
        waiting::asked_or_ended(&client, run, args.wait, args.output).await
    })
}
