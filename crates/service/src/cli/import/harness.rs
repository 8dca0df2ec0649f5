//! `refsync import harness`: from a mirror pipeline to a `refsync.yaml` that does the same.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueHint};

use crate::output::{self, Aside};

/// The largest file that is read.
const MAX_FILE: u64 = 8 << 20;

/// Make a refsync.yaml of a Harness pipeline that mirrors repositories
///
/// Reads the YAML of the pipeline, its triggers and its input sets, in any order, and prints the configuration that does the
/// same. What could not be taken over is told on standard error.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct HarnessArgs {
    /// Files with the YAML of a pipeline, of triggers, of input sets
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
}

const AFTER_HELP: &str = "\
Examples:
  refsync import harness .harness/*.yaml > refsync.yaml
  refsync config check";

pub(super) fn execute(args: &HarnessArgs) -> anyhow::Result<ExitCode> {
    let files: Vec<(String, String)> = args
        .files
        .iter()
        .map(|file| read(file))
        .collect::<anyhow::Result<_>>()?;
    let imported = config::import::harness(&files).map_err(|reason| anyhow!(reason))?;
    output::result(&imported.yaml).context("cannot write the configuration")?;
    let aside = Aside::new();
    for note in &imported.notes {
        aside.warning(note);
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<(String, String)> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let mut text = String::new();
    file.take(MAX_FILE + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {name}"))?;
    if text.len() as u64 > MAX_FILE {
        bail!("{name} is larger than {} MiB: it is no pipeline", MAX_FILE >> 20);
    }
    Ok((name, text))
}
