//! `refsync mirror run`: a run by hand.

use std::process::ExitCode;

use clap::Args;

use crate::api::model::run::{Run, RunRequest};
use crate::cli::run_flags::RunFlags;
use crate::cli::selection::Selection;
use crate::cli::{online, selection, waiting};
use crate::client::{Call, Client};
use crate::output;

/// Run mirrors now
///
/// What is not given is the input set's, then the mirror's. The seven variables of a one-off run are for
/// `refsync sync`, which needs no server.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RunArgs {
    #[command(flatten)]
    selection: Selection,

    /// A saved input set of the mirror; forward and, for two-way mirrors, reverse always exist
    #[arg(short, long, value_name = "NAME", help_heading = "Inputs")]
    input_set: Option<String>,

    /// From target to source; two-way mirrors alone
    #[arg(long, help_heading = "Inputs")]
    reverse: bool,

    /// A full name or pattern, or either after ^ to exclude it. Repeatable; without any: the mirror's scope
    #[arg(short, long, value_name = "REF", value_parser = selection::pattern, help_heading = "Inputs")]
    reference: Vec<String>,

    #[command(flatten)]
    flags: RunFlags,
}

const AFTER_HELP: &str = "\
Exit codes without --wait: 0 if all were asked for. With it those of refsync sync, the highest of several runs:
  0   in sync
  1   a side could not be read or reached
  2   refused: not a fast-forward, and no old value is known
  3   refused: out of sync, a person must look
  64  wrong usage

Examples:
  refsync mirror run app --wait
  refsync mirror run app -r refs/heads/main --reference-sha-old 1a2b3c4…
  refsync mirror run -l team=pay --dry-run --wait";

pub(super) fn execute(args: &RunArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let names = args.selection.names(&client).await?;
        let mut runs: Vec<Run> = Vec::new();
        for name in &names {
            let call = Call::post(&["mirrors", name, "runs"]).json(&args.request())?;
            runs.push(client.ask(call).await?);
        }
        if args.flags.output.is_for_programs() && !args.selection.is_one() {
            return several(&client, runs, args).await;
        }
        match <[Run; 1]>::try_from(runs) {
            Ok([run]) => waiting::asked_or_ended(&client, run, args.flags.wait, args.flags.output).await,
            Err(runs) => several(&client, runs, args).await,
        }
    })
}

/// Several runs: each is told as it ends, and the highest exit code counts.
async fn several(client: &Client, runs: Vec<Run>, args: &RunArgs) -> anyhow::Result<ExitCode> {
    if !args.flags.wait {
        args.flags
            .output
            .print(&runs, |_| runs.iter().map(waiting::asked).collect())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut ended = Vec::new();
    for run in &runs {
        let run = client.follow(&run.id, |_| {}).await?;
        waiting::told(&run);
        ended.push(run);
    }
    let worst = ended.iter().map(waiting::exit_code).max().unwrap_or(0);
    args.flags.output.print(&ended, |screen| {
        output::runs::grid(&ended, output::runs::Of::All, args.flags.output.is_wide(), screen).text(screen)
    })?;
    Ok(worst.into())
}

impl RunArgs {
    fn request(&self) -> RunRequest {
        RunRequest {
            input_set: self.input_set.clone(),
            reverse: self.reverse.then_some(true),
            references: (!self.reference.is_empty()).then(|| self.reference.clone()),
            reference_sha_old: self.flags.reference_sha_old.clone(),
            sync_delete: self.flags.sync_delete,
            force: self.flags.force(),
            atomic: self.flags.atomic.then_some(true),
            dry_run: self.flags.dry_run.then_some(true),
        }
    }
}
