//! `refsync config check`: whether a server would take the file.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::File;
use crate::output::Aside;
use crate::output::screen::Screen;
use crate::output::style::Tone;
use crate::output::summary::grouped;
use crate::output::{self};

/// Check a configuration file, and those it includes
///
/// Tells every problem with its line and column, and warns of what a server takes and may fail on, such as a `caFile` that is not here.
/// Reads no secret and asks no host: `refsync mirror check` does.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    file: File,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   a server would take it, whatever is warned of
  1   it has problems, or cannot be read

Examples:
  refsync config check
  refsync config check /etc/refsync/refsync.yaml";

pub(super) fn execute(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let config = args.file.load()?;
    let screen = Screen::of_stdout();
    let text = format!(
        "{} {}: {}, {}, in {}\n",
        screen.paint(Tone::Good, "✓"),
        args.file.file.display(),
        counted(config.mirrors.len(), "mirror"),
        counted(config.credentials.len(), "credential"),
        counted(config.files.len(), "file"),
    );
    output::result(&text).context("cannot write the result")?;
    let aside = Aside::new();
    for warning in &config.warnings {
        aside.warning(&warning.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {what}{ending}", grouped(count as u64))
}
