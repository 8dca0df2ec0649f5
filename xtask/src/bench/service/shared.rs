//! A backlog shared by one, two and four processes on one PostgreSQL; and one of them killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::fleet::{Fleet, SECRET, payload};
use super::process::Served;
use super::{Figure, wait};
use crate::bench::lab::Lab;

/// How many mirrors are behind.
const MIRRORS: usize = 200;
/// From this part on the machine's processors are full.
const FULL: f64 = 0.9;
/// How long a claim holds without a heartbeat.
const LEASE: Duration = Duration::from_secs(5);

pub(super) fn measure(lab: &Lab, refsync: &Path) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let alone = drain(lab, refsync, 1, false)?;
    let mut before = None;
    for processes in [1, 2, 4] {
        let drained = match processes {
            1 => alone,
            _ => drain(lab, refsync, processes, false)?,
        };
        let what = format!("a backlog of {MIRRORS} mirrors, {processes} processes on one PostgreSQL");
        let measured = format!(
            "{:.0} mirrors a second ({:.2} of one process), processors {:.0} % busy, none run twice at a time",
            MIRRORS as f64 / drained.took.as_secs_f64(),
            alone.took.as_secs_f64() / drained.took.as_secs_f64(),
            drained.busy * 100.0
        );
        figures.push(match before {
            None => Figure::plain(what, measured),
            Some(before) => Figure::limited(
                what,
                measured,
                "more than with fewer, or the processors were full with fewer",
                is_more(before, drained),
            ),
        });
        before = Some(drained);
    }
    let alone = alone.took;
    let killed = drain(lab, refsync, 2, true)?.took;
    // What the other one would have needed alone, and its share of what the dead one held.
    let limit = alone + LEASE;
    figures.push(Figure::limited(
        format!(
            "the same with two processes, one killed in the middle (lease {} s)",
            LEASE.as_secs()
        ),
        format!("all in sync after {:.1} s", killed.as_secs_f64()),
        &format!("one process alone and the lease, {:.1} s", limit.as_secs_f64()),
        killed <= limit,
    ));
    Ok(figures)
}

/// What a backlog took.
#[derive(Clone, Copy)]
struct Drained {
    /// From the first delivery until all were in sync.
    took: Duration,
    /// The part of the machine's processors that was at work, 0 to 1.
    busy: f64,
}

/// Whether more processes did more, where fewer left something to be done.
fn is_more(fewer: Drained, more: Drained) -> bool {
    fewer.busy >= FULL || more.took < fewer.took
}

/// Times that the machine's processors were at work, and had in all, in ticks since it started (`/proc/stat`, proc(5)).
fn processors() -> anyhow::Result<(u64, u64)> {
    let text = fs::read_to_string("/proc/stat")?;
    let all = text.lines().next().context("/proc/stat has a first line")?;
    let times: Vec<u64> = all
        .split_whitespace()
        .skip(1)
        .filter_map(|time| time.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user and nice already.
    let total: u64 = times.iter().take(8).sum();
    let idle: u64 = times.iter().skip(3).take(2).sum();
    Ok((total - idle, total))
}

/// Lets processes drain a backlog.
fn drain(lab: &Lab, refsync: &Path, processes: usize, kill: bool) -> anyhow::Result<Drained> {
    let fleet = Fleet::new(lab, MIRRORS, 3, true)?;
    let database = testkit::postgres::database();
    let more = format!("limits: {{lease: {}s, runs: 4}}\n", LEASE.as_secs());
    let folders: Vec<_> = (0..processes).map(|_| testkit::tmp()).collect();
    let token = folders[0].path().join("refsync.admin-token");
    let mut serving = Vec::new();
    for folder in &folders {
        let text = fleet.configuration(lab, &format!("\"{database}\""), "off", &more);
        serving.push(Served::sharing(refsync, folder.path(), &text, &token)?);
    }
    // Every process gets its part of the deliveries.
    let (began, (busy, total)) = (Instant::now(), processors()?);
    for (number, mirror) in fleet.mirrors.iter().enumerate() {
        let mut client = serving[number % processes].client()?;
        for (name, old) in &fleet.before {
            let body = payload(name, old, &fleet.after[name]);
            let answer = client.hook(&format!("/hooks/{}/source", mirror.name), SECRET, &body)?;
            ensure!(answer.status == 202, "a delivery was answered {}", answer.status);
        }
    }
    if kill {
        let mut last = serving.pop().context("no process")?;
        last.kill();
    }
    wait("every mirror in sync", Duration::from_secs(300), || {
        super::pass(Duration::from_millis(50));
        Ok(fleet.is_in_sync())
    })?;
    let (took, (busy_then, total_then)) = (began.elapsed(), processors()?);
    overlaps(&serving[0])?;
    Ok(Drained {
        took,
        busy: (busy_then - busy) as f64 / (total_then - total).max(1) as f64,
    })
}

/// Checks that no two runs of one mirror overlapped.
fn overlaps(served: &Served) -> anyhow::Result<()> {
    let mut spans: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut client = served.client()?;
    let mut after = String::new();
    loop {
        let answer = client.get(&format!("/api/v1/runs?limit=500{after}"), Some(&served.token))?;
        let page: Value = serde_json::from_slice(&answer.body)?;
        for run in page["items"].as_array().context("a page has items")? {
            let text = |key: &str| run[key].as_str().unwrap_or_default().to_owned();
            spans
                .entry(text("mirror"))
                .or_default()
                .push((text("startedAt"), text("endedAt")));
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    ensure!(spans.len() >= MIRRORS, "only {} mirrors have runs", spans.len());
    for (mirror, spans) in &mut spans {
        spans.sort();
        // Times in RFC 3339, all in UTC, compare as texts.
        let apart = spans.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        ensure!(apart, "two runs of {mirror} overlap: {spans:?}");
    }
    Ok(())
}
