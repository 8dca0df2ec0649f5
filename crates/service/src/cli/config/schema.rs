//! `refsync config schema`: for editors.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::output;

/// Print the JSON Schema of the configuration file, for editors
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SchemaArgs {}

const AFTER_HELP: &str = "\
Examples:
  refsync config schema > refsync.schema.json
  and in the first line of refsync.yaml:
  # yaml-language-server: $schema=refsync.schema.json";

pub(super) fn execute(_: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let mut text = config::schema::schema();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    output::result(&text).context("cannot write the schema")?;
    Ok(ExitCode::SUCCESS)
}
