//! `cargo xtask bench service`: how soon a push is on the other side, how much a burst may be, what idle mirrors cost, and what further
//! processes bring.

mod burst;
mod fleet;
mod http;
mod idle;
mod latency;
mod pages;
mod process;
mod shared;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;

use super::lab::Lab;
use super::machine;
use super::servers::Transport;
use crate::requirements;

/// Arguments of `cargo xtask bench service`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these rows (repeatable).
    #[arg(long, value_name = "NAME")]
    only: Vec<Row>,
    /// How many mirrors the burst and the sweeps have.
    #[arg(long, default_value_t = 1_000)]
    mirrors: usize,
    /// How many pushes the latency is taken from.
    #[arg(long, default_value_t = 200)]
    pushes: usize,
    /// Append the results to this file, in Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Measure this program instead of building `refsync` from the workspace.
    #[arg(long, value_name = "PROGRAM")]
    refsync: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Row {
    /// From a webhook to the moved reference, against `git push` from the source's disk.
    Latency,
    /// Ten deliveries for each mirror at 500 a second, and a SIGKILL in the middle.
    Burst,
    /// A sweep of mirrors with nothing to do, against two `git ls-remote`; memory with 10,000 mirrors.
    Idle,
    /// The overview of the dashboard with that many mirrors.
    Pages,
    /// A backlog shared by one, two and four processes on one PostgreSQL, and one of them killed.
    Shared,
}

/// One measured figure.
#[derive(Debug)]
struct Figure {
    what: String,
    value: String,
    /// What it should not exceed, and whether it does.
    limit: Option<(String, bool)>,
}

impl Figure {
    fn plain(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            value: value.into(),
            limit: None,
        }
    }

    fn limited(what: impl Into<String>, value: impl Into<String>, limit: &str, holds: bool) -> Self {
        Self {
            limit: Some((limit.to_owned(), holds)),
            ..Self::plain(what, value)
        }
    }

    fn line(&self) -> String {
        let (limit, holds) = match &self.limit {
            None => ("", ""),
            Some((limit, true)) => (limit.as_str(), "holds"),
            Some((limit, false)) => (limit.as_str(), "**missed**"),
        };
        format!("| {} | {} | {limit} | {holds} |", self.what, self.value)
    }
}

/// Runs the benchmark and prints its table.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    requirements::install()?;
    let refsync = match &args.refsync {
        Some(program) => program
            .canonicalize()
            .context("the program to measure is not there")?,
        None => super::build()?,
    };
    let lab = Lab::new(Transport::Http, refsync.clone())?;
    let mut lines = vec![
        "| what | measured | limit | |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for row in Row::value_variants() {
        if !args.only.is_empty() && !args.only.contains(row) {
            continue;
        }
        let figures = match row {
            Row::Latency => latency::measure(&lab, &refsync, args.pushes)?,
            Row::Burst => burst::measure(&lab, &refsync, args.mirrors)?,
            Row::Idle => idle::measure(&lab, &refsync, args.mirrors)?,
            Row::Pages => pages::measure(&refsync, args.mirrors)?,
            Row::Shared => shared::measure(&lab, &refsync)?,
        };
        figures.iter().for_each(|figure| println!("{}", figure.line()));
        lines.extend(figures.iter().map(Figure::line));
    }
    if let Some(file) = &args.markdown {
        append(file, &lines)?;
    }
    Ok(())
}

fn append(file: &Path, lines: &[String]) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .context("the results cannot be written")?;
    writeln!(
        file,
        "\n### The service\n\n`cargo xtask bench service`, {}\n\n{}",
        machine::describe(),
        lines.join("\n")
    )?;
    Ok(())
}

/// The value below which so many per cent of the samples lie.
fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    let index = (samples.len() * percent).div_ceil(100).saturating_sub(1);
    samples.get(index).copied().unwrap_or_default()
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// Lets time pass where the time itself is what is measured or offered: a rate, a sweep's period, a poll of another process.
#[expect(clippy::disallowed_methods, reason = "a benchmark is about time")]
fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// Waits for something that has to come, looking often: the time until then is measured.
fn wait(
    what: &str,
    at_most: Duration,
    mut is_so: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    let started = std::time::Instant::now();
    while !is_so()? {
        anyhow::ensure!(started.elapsed() < at_most, "not within {at_most:?}: {what}");
        pass(Duration::from_micros(500));
    }
    Ok(started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let mut samples: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut samples, 50), Duration::from_millis(100));
        assert_eq!(percentile(&mut samples, 99), Duration::from_millis(198));
        assert_eq!(percentile(&mut samples[..1], 99), Duration::from_millis(1));
    }

    #[test]
    fn a_missed_limit_says_so() {
        let line = Figure::limited("a", "2", "at most 1", false).line();
        assert_eq!(line, "| a | 2 | at most 1 | **missed** |");
        assert_eq!(Figure::plain("a", "2").line(), "| a | 2 |  |  |");
    }
}
