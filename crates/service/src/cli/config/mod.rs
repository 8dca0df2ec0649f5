//! `refsync config`: the configuration file, looked at without a server.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand, ValueHint};
use config::Config;

use crate::output::Aside;

mod check;
mod diff;
mod reload;
mod render;
mod schema;

/// Check, show and compare configuration files; tell a server to read its file again
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Render(render::RenderArgs),
    Diff(diff::DiffArgs),
    Schema(schema::SchemaArgs),
    Reload(reload::ReloadArgs),
}

pub(super) fn execute(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Check(args) => check::execute(args),
        Command::Render(args) => render::execute(args),
        Command::Diff(args) => diff::execute(args),
        Command::Schema(args) => schema::execute(args),
        Command::Reload(args) => reload::execute(args),
    }
}

/// The file of a command that looks at one.
#[derive(Debug, Args)]
pub(super) struct File {
    /// The configuration file
    #[arg(value_name = "FILE", default_value = "refsync.yaml", env = "REFSYNC_CONFIG", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,
}

impl File {
    /// Reads it. Every problem is told on standard error, one a line, as compilers do.
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        load(&self.file)
    }
}

pub(super) fn load(file: &std::path::Path) -> anyhow::Result<Config> {
    let problems = match config::load::load(file) {
        Ok(config) => return Ok(config),
        Err(problems) => problems.0,
    };
    let aside = Aside::new();
    for problem in &problems {
        aside.plain(&problem.to_string());
    }
    match problems.len() {
        1 => bail!("{} has a problem, named above", file.display()),
        count => bail!("{} has {count} problems, named above", file.display()),
    }
}
