//! `refsync config render`: what a file comes to.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use super::File;
use crate::output;

/// Print a configuration with its templates expanded and its defaults filled in, without secrets
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RenderArgs {
    #[command(flatten)]
    file: File,

    /// Only this mirror
    #[arg(short, long, value_name = "NAME")]
    mirror: Option<String>,
}

const AFTER_HELP: &str = "\
Examples:
  refsync config render
  refsync config render --mirror pay-api";

pub(super) fn execute(args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let config = args.file.load()?;
    let text = match &args.mirror {
        None => config::render::config(&config),
        Some(name) => match config.mirrors.get(name) {
            Some(mirror) => config::render::mirror(mirror),
            None => bail!("{} has no mirror named {name}", args.file.file.display()),
        },
    };
    output::result(&text).context("cannot write the configuration")?;
    Ok(ExitCode::SUCCESS)
}
