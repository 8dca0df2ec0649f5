//! `refsync serve`: mirrors on every push.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::serve::{self, LogFormat, Options};

/// Mirror on every push: take webhooks, sweep for what they missed, answer the API
///
/// Reads ./refsync.yaml unless told otherwise. Without a file it starts empty and says what to do next. SIGHUP, or a change of the
/// file, reads it again; SIGTERM finishes or cuts what is under way within `limits.grace` and gives the rest back.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ServeArgs {
    /// The configuration file [default: ./refsync.yaml, if it exists]
    #[arg(long, value_name = "FILE", env = "REFSYNC_CONFIG")]
    config: Option<PathBuf>,

    /// Two throwaway repositories, mirrored both ways, with a commit now and then on either. Needs git
    #[arg(long, conflicts_with = "config")]
    demo: bool,

    /// Start although the file lacks more than a fifth of the mirrors that the database knows, which are parked then, or although a live
    /// process on the same database has a newer file
    #[arg(long)]
    force: bool,

    /// How log lines are written to standard error
    #[arg(long, value_enum, default_value_t = Format::Text, env = "REFSYNC_LOG_FORMAT")]
    log_format: Format,

    /// The least important level that is logged: error, warn, info, debug or trace
    #[arg(long, default_value = "info", value_name = "LEVEL", env = "REFSYNC_LOG")]
    log: tracing::level_filters::LevelFilter,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   stopped by SIGTERM or SIGINT, with everything finished or given back
  1   it could not start: the database, the address to listen on
  64  wrong usage
  78  the configuration is wrong, or lacks more than a fifth of the mirrors (--force)

Examples:
  refsync serve --demo
  refsync config check && refsync serve
  refsync serve --config /etc/refsync/refsync.yaml --log-format json";

pub(super) fn execute(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    serve::serve(Options {
        config: args.config.clone(),
        demo: args.demo,
        force: args.force,
        log_format: match args.log_format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        },
        log_level: args.log,
    })
}
