//! `refsync db`: copies of the database, made while it is in use, and put back.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueHint};
use config::Secrets;
use store::Store;

mod backup;
mod restore;

/// Back up the database while it is in use, and put a copy back
#[derive(Debug, Args)]
pub(super) struct DbArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
}

pub(super) fn execute(args: &DbArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Backup(args) => backup::execute(args),
        Command::Restore(args) => restore::execute(args),
    }
}

/// Which database: the one of a configuration. Its address may hold a password, so it is no argument.
#[derive(Debug, Args)]
struct Which {
    /// The configuration file whose database is meant [default: ./refsync.yaml, if it exists]
    #[arg(long, value_name = "FILE", env = "REFSYNC_CONFIG", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
}

impl Which {
    async fn open(&self) -> anyhow::Result<Store> {
        let default = PathBuf::from("refsync.yaml");
        let config = match &self.config {
            Some(file) => super::config::load(file)?,
            None if default.exists() => super::config::load(&default)?,
            None => config::load::empty(),
        };
        let secrets = Secrets::default();
        secrets.hide(config.secret_variables());
        let url = secrets
            .read(&config.database)
            .await
            .context("the database's address cannot be read")?;
        Ok(Store::open(&url).await?)
    }
}
