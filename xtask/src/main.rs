//! Tools for developers: `cargo xtask test`, `ci`, `check-deps` and `bench`.
#![expect(clippy::print_stdout, reason = "a developer's tool talks on standard output")]

mod bench;
mod ci;
mod contract;
mod layers;
mod pages;
mod requirements;
mod step;
mod test;
mod unused;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tools for refsync's developers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the tests need, then run all tests of the workspace.
    Test(test::Args),
    /// Everything a change must pass: formatting, lints, layers, documentation, dependencies, tests.
    Ci,
    /// Check that the crates depend on each other in one direction, and on nothing that they do not use.
    CheckDeps,
    /// Check that the API answers as its OpenAPI document says.
    Contract,
    /// Measure refsync beside the git commands that it replaces, between real servers on loopback.
    Bench(Box<bench::Args>),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Ci => ci::run(),
        Command::CheckDeps => ci::manifests(),
        Command::Contract => contract::run(),
        Command::Bench(args) => bench::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => step::report(&error),
    }
}
