//! How soon the overview of the dashboard is there with many mirrors, for somebody who signed in.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::fleet::nowhere;
use super::idle::counted;
use super::process::Served;
use super::{Figure, ms, percentile, wait};

/// How often the page is asked for.
const PAGES: usize = 300;
/// What a page may take.
const LIMIT: Duration = Duration::from_millis(50);
/// Rows of a page: so many must have an error, which makes them heavy.
const ROWS: u64 = 50;

pub(super) fn measure(refsync: &Path, mirrors: usize) -> anyhow::Result<Vec<Figure>> {
    let folder = testkit::tmp();
    // Nobody listens there: every look fails at once, and leaves a run and an error.
    let text = nowhere(mirrors, "1h", |side, name| {
        format!("http://127.0.0.1:1/{side}/{name}.git")
    });
    let served = Served::start(refsync, folder.path(), &text)?;
    let mut client = served.client()?;
    wait("mirrors to have failed", Duration::from_secs(120), || {
        super::pass(Duration::from_millis(200));
        let answer = served.client()?.get("/api/v1/overview", Some(&served.token))?;
        Ok(counted(&answer.body, "failed") >= Some(ROWS.min(mirrors as u64)))
    })?;
    let cookie = client.sign_in(&served.token)?;
    let mut times = Vec::with_capacity(PAGES);
    let mut largest = 0;
    for _ in 0..PAGES {
        let begun = Instant::now();
        let page = client.page("/", &cookie)?;
        times.push(begun.elapsed());
        ensure!(page.status == 200, "the overview is answered {}", page.status);
        largest = largest.max(page.body.len());
    }
    let (median, slowest) = (percentile(&mut times, 50), percentile(&mut times, 99));
    let limit = ms(LIMIT);
    Ok(vec![
        Figure::limited(
            format!("the overview of {mirrors} mirrors, median of {PAGES}"),
            ms(median),
            &limit,
            median <= LIMIT,
        ),
        Figure::limited("the same, 99th percentile", ms(slowest), &limit, slowest <= LIMIT),
        Figure::limited(
            "the same, bytes",
            format!("{:.0} kB", largest as f64 / 1000.0),
            "100 kB",
            largest <= 100_000,
        ),
    ])
}
