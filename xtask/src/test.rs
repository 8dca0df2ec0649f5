//! `cargo xtask test`: the one command that passes all tests, on a machine that has only Rust and Git.

use std::ffi::OsString;

use crate::{pages, requirements, step, workspace};

/// Arguments of `cargo xtask test`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Handed to `cargo test --workspace --locked`: a filter, `--release`; `-- -- --nocapture` where only the
    /// tests' own options are given.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<OsString>,
}

/// Installs what is missing and runs the tests.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    requirements::install()?;
    pages::install()?;
    step::run(
        workspace::cargo()
            .args(["test", "--workspace", "--locked"])
            .args(&args.cargo),
    )?;
    // Who gave arguments wants some of the tests.
    if args.cargo.is_empty() {
        crate::contract::run()?;
    }
    Ok(())
}
