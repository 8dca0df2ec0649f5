//! `refsync db backup`: a whole copy, as one file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use super::Which;
use crate::cli::block_on;
use crate::output;

/// Write a whole copy of the database to a file, while servers use it
///
/// The copy is one SQLite file, of a PostgreSQL database too. It holds no secret in clear: tokens of the API are hashes, and
/// hosts' tokens are not in the database.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct BackupArgs {
    /// The file to write, which must not exist yet
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    #[command(flatten)]
    which: Which,
}

const AFTER_HELP: &str = "\
Examples:
  refsync db backup refsync-$(date +%F).db
  refsync db backup /backup/refsync.db --config /etc/refsync/refsync.yaml";

pub(super) fn execute(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    if args.file.exists() {
        bail!(
            "{} exists already: a backup overwrites nothing",
            args.file.display()
        );
    }
    block_on(async {
        let store = args.which.open().await?;
        store
            .backup(&args.file)
            .await
            .with_context(|| format!("cannot write {}", args.file.display()))?;
        output::result(&format!("The database was copied to {}.\n", args.file.display()))
            .context("cannot write the result")?;
        Ok(ExitCode::SUCCESS)
    })
}
