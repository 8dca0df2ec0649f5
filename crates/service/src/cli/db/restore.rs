//! `refsync db restore`: a copy, put back.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use super::Which;
use crate::cli::{block_on, confirm};
use crate::output;

/// How long ago a server must have been heard of to count as running.
const RECENT: Duration = Duration::from_secs(60);

/// Put a copy of the database back, whatever is in it now
///
/// What happened after the copy was made is forgotten, but nothing is lost in the repositories: until both sides of a
/// reference were seen equal once, no deletion and no rewrite of it rests on the old database.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RestoreArgs {
    /// The file that `refsync db backup` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    #[command(flatten)]
    which: Which,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Even while servers use the database
    #[arg(long)]
    force: bool,
}

const AFTER_HELP: &str = "\
Examples:
  systemctl stop refsync
  refsync db restore refsync-2026-11-20.db --config /etc/refsync/refsync.yaml
  systemctl start refsync";

pub(super) fn execute(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    if !args.file.is_file() {
        bail!("{} does not exist", args.file.display());
    }
    block_on(async {
        let store = args.which.open().await?;
        let workers = store.workers(RECENT, store.now()).await?;
        if let (Some(worker), false) = (workers.first(), args.force) {
            bail!(
                "{} of refsync serve uses this database ({}): stop it first, or wait a minute after it was killed (--force restores all the same)",
                if workers.len() == 1 {
                    "a process".to_owned()
                } else {
                    format!("{} processes", workers.len())
                },
                worker.id
            );
        }
        if !args.yes {
            confirm("Replace all that is in the database by the copy?")?;
        }
        store
            .restore(&args.file)
            .await
            .with_context(|| format!("cannot put {} back", args.file.display()))?;
        output::result("The copy was put back.\n").context("cannot write the result")?;
        Ok(ExitCode::SUCCESS)
    })
}
