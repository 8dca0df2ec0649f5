//! `refsync run start`: a run without a mirror.

use std::process::ExitCode;

use clap::{Args, ValueHint};

use crate::api::model::run::{OneOffRequest, Run};
use crate::cli::run_flags::RunFlags;
use crate::cli::{online, selection, waiting};
use crate::client::Call;

/// Run once between two repositories, without a mirror
///
/// The server makes the run: it reaches only hosts that have a credential or stand in `allowHosts`, and tokens are named, not
/// given. The guard of the configuration holds it as it holds a mirror's run; `refsync run approve` releases what it holds. `refsync
/// sync` does the same here, without a server and without a guard.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct StartArgs {
    /// The repository to read: an https, http, ssh or git URL, or git@host:path
    #[arg(value_name = "SOURCE", value_hint = ValueHint::Url)]
    source: String,

    /// The repository to write: the same, without git://
    #[arg(value_name = "TARGET", value_hint = ValueHint::Url)]
    target: String,

    /// The credential of the source, by its name in the configuration; without it the one whose host matches
    #[arg(long, value_name = "NAME", help_heading = "Repositories")]
    source_credential: Option<String>,

    /// The credential of the target
    #[arg(long, value_name = "NAME", help_heading = "Repositories")]
    target_credential: Option<String>,

    /// A full name or pattern, or either after ^ to exclude it. Repeatable; without any: refs/heads/* and refs/tags/*
    #[arg(short, long, value_name = "REF", value_parser = selection::pattern, help_heading = "Inputs")]
    reference: Vec<String>,

    #[command(flatten)]
    flags: RunFlags,
}

const AFTER_HELP: &str = "\
Exit codes without --wait: 0 if it was asked for. With it those of refsync sync:
  0   in sync
  1   a side could not be read or reached
  2   refused: not a fast-forward, and no old value is known
  3   refused: out of sync, a person must look
  64  wrong usage

Examples:
  refsync run start https://git.example.com/acme/app.git https://ghe.example.com/acme/app.git --wait
  refsync run start SOURCE TARGET --target-credential ghe -r refs/heads/main --reference-sha-old 1a2b3c4… -n";

pub(super) fn execute(args: &StartArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let run: Run = client.ask(Call::post(&["runs"]).json(&args.request())?).await?;
        waiting::asked_or_ended(&client, run, args.flags.wait, args.flags.output).await
    })
}

impl StartArgs {
    fn request(&self) -> OneOffRequest {
        OneOffRequest {
            source_url: self.source.clone(),
            source_credential: self.source_credential.clone(),
            target_url: self.target.clone(),
            target_credential: self.target_credential.clone(),
            references: (!self.reference.is_empty()).then(|| self.reference.clone()),
            reference_sha_old: self.flags.reference_sha_old.clone(),
            sync_delete: self.flags.sync_delete,
            force: self.flags.force(),
            atomic: self.flags.atomic,
            dry_run: self.flags.dry_run,
        }
    }
}
