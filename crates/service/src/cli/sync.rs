//! `refsync sync`: one run.

use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{ArgAction, Args};
use engine::event::{Event, Listener};
use engine::report::{RefReport, Report};
use engine::request::Request;
use tokio::signal::unix::{SignalKind, signal};

use super::EXIT_USAGE;
use crate::inputs::{self, Flags, Variables};
use crate::output::again::Again;
use crate::output::json::{self, Document};
use crate::output::progress::Progress;
use crate::output::style::Palette;
use crate::output::summary::summary;
use crate::output::table::table;
use crate::output::{self, Aside, Verbosity, hints, trace};

const INTERRUPTED: &str =
    "interrupted: what was not confirmed above was not written, or was written whole; run again to see";

/// Mirror references from one repository to another, or both ways
///
/// A run lists both sides, decides for each reference, and streams one pack from the source straight into the target. Every
/// write is leased on the value that was just seen there: what somebody else pushes meanwhile is never overwritten.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    flags: Flags,

    /// Write the report as one JSON document to standard output
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Print the JSON Schema of that document, and do nothing else
    #[arg(long, help_heading = "Output")]
    json_schema: bool,

    /// Say less: errors and refusals only
    #[arg(short, long, help_heading = "Output", conflicts_with = "verbose")]
    quiet: bool,

    /// Say more: what is up to date or left alone, and how long each step took. Twice: the packet lines, without credentials
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    verbose: u8,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   in sync: created, updated, deleted, up to date, or a deletion that is not mirrored
  1   a side could not be read or reached
  2   refused: not a fast-forward, and no old value is known
  3   refused: source and target are out of sync, a person must look
  64  wrong usage
  With several references, the highest counts.

Examples:
  refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git
  refsync sync SOURCE TARGET -r refs/heads/main -r 'refs/tags/v*' --dry-run
  refsync sync SOURCE TARGET -r refs/heads/main --reference-sha-old 1a2b3c4…";

impl SyncArgs {
    fn verbosity(&self) -> Verbosity {
        match self.verbose {
            _ if self.quiet => Verbosity::Quiet,
            0 => Verbosity::Normal,
            1 => Verbosity::Verbose,
            _ => Verbosity::Packets,
        }
    }
}

/// How a run ended.
enum Ended {
    /// By itself.
    Finished,
    /// By a signal, for which this is the exit code.
    Interrupted { exit: u8 },
}

pub(super) fn execute(args: &SyncArgs) -> anyhow::Result<ExitCode> {
    if args.json_schema {
        output::result(&json::schema()?).context("cannot write the schema")?;
        return Ok(ExitCode::SUCCESS);
    }
    let variables = Variables::read(|name| std::env::var_os(name));
    let request = match variables.and_then(|variables| inputs::request(&args.flags, &variables)) {
        Ok(request) => request,
        Err(error) => {
            let aside = Aside::new();
            aside.error(&error.to_string());
            error.hint().into_iter().for_each(|hint| aside.hint(hint));
            return Ok(EXIT_USAGE.into());
        }
    };
    if args.verbosity() == Verbosity::Packets {
        trace::start();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let started = Instant::now();
    let progress = Progress::new(args.verbosity());
    let (ended, report) = runtime.block_on(run(&request, &progress))?;
    // What is still open is cut, not waited for.
    runtime.shutdown_background();
    let exit = match ended {
        Ended::Finished => report.exit() as u8,
        Ended::Interrupted { exit } => exit,
    };
    progress.finish(exit != 0);
    let again = Again::new(&args.flags, &request);
    if args.json {
        let document = Document::new(&request, &report, &again);
        let document = if let Ended::Finished = ended {
            document
        } else {
            document.interrupted(exit, INTERRUPTED)
        };
        output::result(&document.text()?).context("cannot write the report")?;
    }
    print(args, &request, &report, &again, &ended, started.elapsed()).context("cannot write the result")?;
    Ok(exit.into())
}

/// Runs to the end or to a signal. After a signal the report holds what was confirmed until then.
async fn run(request: &Request, progress: &Progress) -> anyhow::Result<(Ended, Report)> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let confirmed: Arc<Mutex<Vec<RefReport>>> = Arc::default();
    let listener = {
        let (confirmed, progress) = (Arc::clone(&confirmed), progress.clone());
        Listener::new(move |event| {
            progress.tell(&event);
            if let Event::Reference(reference) = event {
                confirmed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(reference);
            }
        })
    };
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    let mut run = pin!(engine::run(request, &listener));
    let exit = loop {
        tokio::select! {
            report = &mut run => return Ok((Ended::Finished, report)),
            _ = interrupt.recv() => break 128 + 2,
            _ = terminate.recv() => break 128 + 15,
            _ = clock.tick() => progress.tick(),
        }
    };
    let mut references = std::mem::take(&mut *confirmed.lock().unwrap_or_else(PoisonError::into_inner));
    references.sort_by(|one, other| one.name.cmp(&other.name));
    let report = Report {
        references,
        dry_run: request.dry_run,
        ..Report::default()
    };
    Ok((Ended::Interrupted { exit }, report))
}

/// The table, what went wrong, what can be done about it, and the summary; with `--json` only what belongs on standard error.
fn print(
    args: &SyncArgs,
    request: &Request,
    report: &Report,
    again: &Again,
    ended: &Ended,
    elapsed: Duration,
) -> std::io::Result<()> {
    let verbosity = args.verbosity();
    let aside = Aside::new();
    if !args.json {
        output::result(&table(
            request,
            report,
            verbosity,
            Palette::of(&std::io::stdout()),
        ))?;
    }
    if verbosity >= Verbosity::Normal {
        aside.invalid_names(report);
    }
    if verbosity >= Verbosity::Verbose {
        aside.stages(report);
    }
    if let Some(error) = &report.error {
        aside.fault(error);
    }
    if let Ended::Interrupted { .. } = ended {
        aside.plain(INTERRUPTED);
        return Ok(());
    }
    hints::of_run(report, again)
        .iter()
        .for_each(|hint| aside.hint(hint));
    let anything = report.error.is_none() || !report.references.is_empty();
    if anything && !args.json && verbosity >= Verbosity::Normal {
        output::result(&format!("{}\n", summary(report, elapsed)))?;
    }
    Ok(())
}
