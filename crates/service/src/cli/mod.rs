//! The command line: one command per file, which parses, calls and prints.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::Aside;

mod demo;
mod sync;

/// Wrong usage: the `EX_USAGE` of `sysexits.h`, so that it cannot be taken for the 2 of a refusal.
const EXIT_USAGE: u8 = 64;

/// Keeps branches and tags the same in two Git repositories, on any two hosts, without a clone on disk.
#[derive(Debug, Parser)]
#[command(name = "refsync", version, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sync(Box<sync::SyncArgs>),
    Demo(demo::DemoArgs),
}

/// Runs the command that was typed and says how it ended.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output. If that is closed, nobody wants them.
            let _ = error.print();
            return if error.use_stderr() {
                EXIT_USAGE.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let ended = match cli.command {
        Command::Sync(args) => sync::execute(&args),
        Command::Demo(args) => demo::execute(&args),
    };
    ended.unwrap_or_else(|error| {
        Aside::new().error(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
