//! `cargo xtask bench`: how long refsync takes beside the git commands that it replaces, between real servers on loopback.

mod contender;
mod lab;
mod machine;
mod results;
mod row;
mod sample;
mod servers;
mod service;
mod source;
mod table;

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::ValueEnum;

use self::lab::Lab;
use self::results::Results;
use self::row::Row;
use self::sample::median;
use self::servers::Transport;
use crate::{requirements, step, workspace};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// A repository on disk to mirror, which is copied and not touched; without it, one is generated.
    #[arg(long, value_name = "PATH")]
    repo: Option<PathBuf>,
    /// What to call that repository in the results [default: the last part of its path].
    #[arg(long)]
    name: Option<String>,
    /// The branch for the rows on one branch [default: what HEAD points to].
    #[arg(long)]
    branch: Option<String>,
    /// How long the generated repository's history is, in commits.
    #[arg(long, default_value_t = 20_000)]
    commits: u32,
    /// How often each contender runs; where a run takes a fraction of a second, four times as often.
    #[arg(long, default_value_t = 5)]
    pairs: u32,
    /// Only these rows (repeatable).
    #[arg(long, value_name = "NAME")]
    only: Vec<Row>,
    /// Also mirror a file of 1 GiB.
    #[arg(long)]
    with_big_blob: bool,
    /// How both repositories are reached.
    #[arg(long, value_enum, default_value_t = Transport::Http)]
    transport: Transport,
    /// Append the table to this file, in Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Measure this program instead of building `refsync` from the workspace.
    #[arg(long, value_name = "PROGRAM")]
    refsync: Option<PathBuf>,
}

/// What else can be measured than `refsync sync`.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Measure `refsync serve`: latency, bursts, idle mirrors, several processes.
    Service(service::Args),
}

/// The histories after which one new commit is measured.
const LENGTHS: [u32; 3] = [1_000, 10_000, 80_000];

/// Runs the benchmark and prints its table.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(What::Service(args)) = &args.what {
        return service::run(args);
    }
    ensure!(args.pairs > 0, "no pair, no ratio");
    requirements::install()?;
    let refsync = match &args.refsync {
        Some(program) => program
            .canonicalize()
            .context("the program to measure is not there")?,
        None => build()?,
    };
    let lab = Lab::new(args.transport, refsync)?;
    let rows: Vec<Row> = Row::value_variants()
        .iter()
        .copied()
        .filter(|row| wanted(args, *row))
        .collect();
    let mut results = Results::new();
    let on_source: Vec<Row> = rows
        .iter()
        .copied()
        .filter(|row| !row.makes_its_source())
        .collect();
    if !on_source.is_empty() {
        let source = source::prepare(&lab, args)?;
        results.source = source.describe();
        println!("{}", results.source);
        for row in on_source {
            results
                .comparisons
                .extend(row::measure(row, &lab, &source, args.pairs)?);
        }
    }
    if rows.contains(&Row::Scaling) {
        scaling(&lab, args.pairs, &mut results)?;
    }
    if rows.contains(&Row::BigBlob) {
        let source = source::big_blob(&lab);
        results
            .comparisons
            .extend(row::measure(Row::BigBlob, &lab, &source, args.pairs)?);
    }
    results.print();
    match &args.markdown {
        Some(file) => results.append_to(file, args),
        None => Ok(()),
    }
}

/// One new commit after each of the [`LENGTHS`], and what the longest costs more than the shortest.
fn scaling(lab: &Lab, pairs: u32, results: &mut Results) -> anyhow::Result<()> {
    let mut medians: Vec<(f64, f64)> = Vec::new();
    for commits in LENGTHS {
        let source = source::generated(lab, commits)?;
        let comparisons = row::measure(Row::Scaling, lab, &source, pairs)?;
        medians.extend(
            comparisons
                .iter()
                .map(|one| (median(&one.ours), median(&one.theirs))),
        );
        results.comparisons.extend(comparisons);
    }
    if let [first, .., last] = medians[..] {
        results.notes.push(format!(
            "From {} to {} commits, the time of one new commit changes by {:+.0} ms for refsync and by {:+.0} ms for `git push`.",
            table::grouped(LENGTHS[0]),
            table::grouped(LENGTHS[LENGTHS.len() - 1]),
            (last.0 - first.0) * 1000.0,
            (last.1 - first.1) * 1000.0,
        ));
    }
    Ok(())
}

fn wanted(args: &Args, row: Row) -> bool {
    if args.only.is_empty() {
        row != Row::BigBlob || args.with_big_blob
    } else {
        args.only.contains(&row)
    }
}

fn build() -> anyhow::Result<PathBuf> {
    step::run(workspace::cargo().args(["build", "--release", "--locked", "--package", "refsync"]))?;
    Ok(workspace::metadata()?
        .target_directory
        .join("release")
        .join("refsync"))
}

impl Args {
    /// The name of what most rows mirror.
    fn label(&self) -> String {
        match (&self.name, &self.repo) {
            (Some(name), _) => name.clone(),
            (None, Some(path)) => path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned(),
            (None, None) => format!(
                "a generated repository of {} commits",
                table::grouped(self.commits)
            ),
        }
    }

    /// The command that was given, without the paths of this machine.
    fn command(&self) -> String {
        let mut words = vec!["cargo xtask bench".to_owned()];
        if self.repo.is_some() {
            words.push(format!("--repo {}", self.label()));
        } else if self.commits != 20_000 {
            words.push(format!("--commits {}", self.commits));
        }
        words.extend(self.branch.iter().map(|branch| format!("--branch {branch}")));
        words.push(format!(
            "--pairs {} --transport {}",
            self.pairs,
            self.transport.name()
        ));
        words.extend(self.only.iter().map(|row| format!("--only {}", row.name())));
        words.extend(self.with_big_blob.then(|| "--with-big-blob".to_owned()));
        words.join(" ")
    }
}
