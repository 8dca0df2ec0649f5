//! `refsync demo`.

use std::process::ExitCode;

use clap::Args;

/// demo
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// keep
    #[arg(long)]
    keep: bool,
}

pub(super) fn execute(_args: &DemoArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
