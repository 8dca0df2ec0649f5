//! What mirrors cost that have nothing to do: the processor time of a sweep, against two `git ls-remote`; memory with 10,000 of them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::fleet::{Fleet, nowhere};
use super::process::Served;
use super::{Figure, wait};
use crate::bench::lab::Lab;

/// Every mirror is swept once in this time.
const SWEEP: Duration = Duration::from_secs(30);
/// How many are configured for the memory.
const MANY: usize = 10_000;
/// How many of them are looked at before it is read, and how long that may take.
const LOOKED_AT: u64 = 500;
const FIRST_LOOKS: Duration = Duration::from_secs(600);
/// How many calls of `git ls-remote` are averaged.
const CALLS: u32 = 40;

pub(super) fn measure(lab: &Lab, refsync: &Path, mirrors: usize) -> anyhow::Result<Vec<Figure>> {
    let fleet = Fleet::new(lab, mirrors, 10, false)?;
    let folder = testkit::tmp();
    let sweep = format!("{}s", SWEEP.as_secs());
    let text = fleet.configuration(lab, "sqlite:refsync.db", &sweep, "");
    let served = Served::start(refsync, folder.path(), &text)?;
    wait("every mirror seen in sync", SWEEP * 6, || {
        super::pass(Duration::from_millis(200));
        let answer = served.client()?.get("/api/v1/overview", Some(&served.token))?;
        ensure!(answer.status == 200, "the API answers {}", answer.status);
        Ok(counted(&answer.body, "in-sync") == Some(mirrors as u64))
    })?;
    let before = served.processor_time()?;
    super::pass(SWEEP * 2);
    let swept = (served.processor_time()? - before).as_secs_f64() / 2.0 / mirrors as f64;
    let listed = 2.0 * ls_remote(lab, &fleet)?;
    let peak = served.peak_memory()?;
    drop(served);

    let many = many(refsync)?;
    let mib = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
    Ok(vec![
        Figure::limited(
            format!("processor time to sweep a mirror with nothing to do, {mirrors} mirrors"),
            format!(
                "{:.2} ms ({:.3} of two `git ls-remote`, {:.1} ms)",
                swept * 1000.0,
                swept / listed,
                listed * 1000.0
            ),
            "0.1 of two `git ls-remote`",
            swept / listed <= 0.1,
        ),
        Figure::plain(format!("most memory with {mirrors} mirrors, swept"), mib(peak)),
        Figure::limited(
            format!("most memory with {MANY} mirrors configured, {LOOKED_AT} looked at"),
            mib(many),
            "150 MiB",
            many < 150 << 20,
        ),
    ])
}

/// The memory of a process with many mirrors, of which none has anything to do.
fn many(refsync: &Path) -> anyhow::Result<u64> {
    let folder = testkit::tmp();
    let text = nowhere(MANY, "off", |side, name| {
        format!("https://{side}.example.invalid/acme/{name}.git")
    });
    let served = Served::start(refsync, folder.path(), &text)?;
    // First looks are spread over a long time; each of these fails, for its hosts do not exist.
    wait("some mirrors looked at", FIRST_LOOKS, || {
        super::pass(Duration::from_secs(1));
        let answer = served.client()?.get("/api/v1/overview", Some(&served.token))?;
        ensure!(answer.status == 200, "the API answers {}", answer.status);
        Ok(counted(&answer.body, "failed") >= Some(LOOKED_AT))
    })?;
    served.peak_memory()
}

/// The processor time of one `git ls-remote`, with the helper programs that it starts.
fn ls_remote(lab: &Lab, fleet: &Fleet) -> anyhow::Result<f64> {
    let url = lab.url(&fleet.mirrors.first().context("no mirror")?.source);
    let before = children();
    for _ in 0..CALLS {
        let listed = lab.git(["ls-remote", &url]).run();
        ensure!(listed.code == Some(0), "git ls-remote failed: {}", listed.stderr);
    }
    Ok((children() - before) / f64::from(CALLS))
}

/// The processor time of all children that ended, in seconds (`getrusage(2)` by way of `/proc/self/stat`).
fn children() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = text
        .rsplit_once(')')
        .map(|(_, rest)| {
            rest.split_whitespace()
                .filter_map(|field| field.parse().ok())
                .collect()
        })
        .unwrap_or_default();
    // Without the state, which is no number: cutime and cstime are the 16th and 17th of all fields (proc(5)).
    let ticks = fields.get(12).copied().unwrap_or_default() + fields.get(13).copied().unwrap_or_default();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// The count of a state in the overview.
pub(super) fn counted(body: &[u8], state: &str) -> Option<u64> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    value.pointer(&format!("/mirrors/{state}"))?.as_u64()
}
