//! The command line: one command per file, which parses, calls and prints.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::client::{Client, ClientError};
use crate::output::Aside;
use crate::output::style::Palette;

mod audit;
mod completion;
mod config;
mod conflict;
mod db;
mod demo;
mod import;
mod mirror;
mod run;
mod run_flags;
mod selection;
mod serve;
mod sync;
mod token;
mod waiting;
mod webhook;

/// Wrong usage: the `EX_USAGE` of `sysexits.h`, so that it cannot be taken for the 2 of a refusal.
const EXIT_USAGE: u8 = 64;
/// Two things that were compared differ: the 3 of `refsync sync`, which is "out of sync".
const EXIT_DIFFERENT: u8 = 3;

/// Keeps branches and tags the same in two Git repositories, on any two hosts, without a clone on disk.
#[derive(Debug, Parser)]
#[command(name = "refsync", version, max_term_width = 110)]
#[command(subcommand_required = true, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
sync, demo, serve, config (but reload), db, import and webhook explain work by themselves. The others speak to a server:
  REFSYNC_URL         where refsync serve is [default: http://127.0.0.1:8080]
  REFSYNC_TOKEN       a token for it, or
  REFSYNC_TOKEN_FILE  a file that holds one: refsync serve names it in its log when it first starts
  REFSYNC_CA_FILE     certificates (PEM) to trust beside the system's

Examples:
  refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git
  refsync serve --demo
  refsync mirror list -l team=pay";

#[derive(Debug, Subcommand)]
enum Command {
    Sync(Box<sync::SyncArgs>),
    Demo(demo::DemoArgs),
    Serve(serve::ServeArgs),
    Mirror(mirror::MirrorArgs),
    Run(run::RunArgs),
    Conflict(conflict::ConflictArgs),
    Webhook(webhook::WebhookArgs),
    Token(token::TokenArgs),
    Audit(audit::AuditArgs),
    Config(config::ConfigArgs),
    Db(db::DbArgs),
    Import(import::ImportArgs),
    Completion(completion::CompletionArgs),
}

impl Command {
    fn execute(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Sync(args) => sync::execute(args),
            Self::Demo(args) => demo::execute(args),
            Self::Serve(args) => serve::execute(args),
            Self::Mirror(args) => mirror::execute(args),
            Self::Run(args) => run::execute(args),
            Self::Conflict(args) => conflict::execute(args),
            Self::Webhook(args) => webhook::execute(args),
            Self::Token(args) => token::execute(args),
            Self::Audit(args) => audit::execute(args),
            Self::Config(args) => config::execute(args),
            Self::Db(args) => db::execute(args),
            Self::Import(args) => import::execute(args),
            Self::Completion(args) => completion::execute(args),
        }
    }
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
    leave_no_core();
    cli.command.execute().unwrap_or_else(|error| failed(&error))
}

/// A core dump would hold the tokens that this process has: it leaves none (core(5), prctl(2)).
fn leave_no_core() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A precaution: where it is not possible, the work is done all the same.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Says what went wrong and what to do about it.
fn failed(error: &anyhow::Error) -> ExitCode {
    let aside = Aside::new();
    aside.error(&format!("{error:#}"));
    let Some(error) = error.downcast_ref::<ClientError>() else {
        return ExitCode::FAILURE;
    };
    if let Some(hint) = error.hint() {
        aside.hint(&hint);
    }
    if error.is_usage() {
        return EXIT_USAGE.into();
    }
    ExitCode::FAILURE
}

/// Runs a command that waits for others, on this thread.
fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let ended = runtime.block_on(work);
    // What is still open is cut, not waited for.
    runtime.shutdown_background();
    ended
}

/// Runs a command that speaks to the API.
fn online(work: impl AsyncFnOnce(Client) -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment()?;
    block_on(work(client))
}

/// Asks a person, on the terminal. Where there is none, only `--yes` agrees.
fn confirm(question: &str) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked: --yes goes on without asking");
    }
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question} [y/N] ").context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .take(1 << 10)
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    bail!("nothing was done")
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
