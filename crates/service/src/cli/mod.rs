//! The command line: one command per file, which parses, calls and prints.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::Aside;
use crate::output::style::Palette;

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
        Err(error) if error.use_stderr() => {
            usage_error(&error);
            return EXIT_USAGE.into();
        }
        Err(help_or_version) => {
            // If standard output is closed, nobody wants them.
            let _ = help_or_version.print();
            return ExitCode::SUCCESS;
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

/// Prints what is wrong with the command line. An argument that is repeated in it may be an address with a password.
fn usage_error(error: &clap::Error) {
    let text = error.render();
    let text = match Palette::of(&std::io::stderr()) {
        Palette::Colours => text.ansi().to_string(),
        Palette::Plain => text.to_string(),
    };
    // If nobody reads it, the exit code says the same.
    let _ = std::io::stderr()
        .lock()
        .write_all(without_passwords(&text).as_bytes());
}

/// Leaves out what stands between `://` and `@` in the addresses of a text.
fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| c == '/' || c.is_whitespace())
            .unwrap_or(part.len());
        let (host, rest) = part.split_at(end);
        let host = host
            .rsplit_once('@')
            .map_or(host.to_owned(), |(_, host)| format!("***@{host}"));
        clean.extend(["://", &host, rest]);
    }
    clean
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn passwords_are_left_out_of_what_is_repeated() {
        assert_eq!(without_passwords("no address"), "no address");
        assert_eq!(
            without_passwords("'https://me:s3cret@host/a' and ssh://git@host or http://host/a@b"),
            "'https://***@host/a' and ssh://***@host or http://host/a@b"
        );
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
