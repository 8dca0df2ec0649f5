//! From a webhook to the moved reference, one commit, an idle service; against `git push` from the source's own disk.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::fleet::{Fleet, SECRET, loose, payload};
use super::process::Served;
use super::{Figure, ms, percentile, wait};
use crate::bench::lab::Lab;

pub(super) fn measure(lab: &Lab, refsync: &Path, pushes: usize) -> anyhow::Result<Vec<Figure>> {
    // One for refsync, one for git, of the same history.
    let fleet = Fleet::new(lab, 2, 1, false)?;
    let (ours, theirs) = (&fleet.mirrors[0], &fleet.mirrors[1]);
    let folder = testkit::tmp();
    let text = fleet.configuration(lab, "sqlite:refsync.db", "1h", "");
    let served = Served::start(refsync, folder.path(), &text)?;
    let mut client = served.client()?;
    let path = format!("/hooks/{}/source", ours.name);
    let mut before = ours.source.resolve("refs/heads/main");
    let (mut hooked, mut pushed) = (Vec::new(), Vec::new());
    for number in 0..pushes {
        let after = ours.source.commit("main", &format!("commit {number}"));
        let started = Instant::now();
        let answer = client.hook(&path, SECRET, &payload("refs/heads/main", &before, &after))?;
        ensure!(answer.status == 202, "a delivery was answered {}", answer.status);
        wait("the commit on the target", Duration::from_secs(30), || {
            Ok(loose(ours.target.path(), "refs/heads/main").as_deref() == Some(&after))
        })?;
        hooked.push(started.elapsed());
        before = after;

        theirs.source.commit("main", &format!("commit {number}"));
        let url = lab.url(&theirs.target);
        let push = lab
            .git(["push", "--quiet", &url, "refs/heads/main"])
            .directory(theirs.source.path())
            .run();
        ensure!(push.code == Some(0), "git push failed: {}", push.stderr);
        pushed.push(push.elapsed);
    }
    let median = (percentile(&mut hooked, 50), percentile(&mut pushed, 50));
    let slowest = percentile(&mut hooked, 99);
    let ratio = |time: Duration| time.as_secs_f64() / median.1.as_secs_f64();
    Ok(vec![
        Figure::limited(
            format!("webhook received to reference moved, median of {pushes}"),
            format!(
                "{} ({:.2} of `git push`, {})",
                ms(median.0),
                ratio(median.0),
                ms(median.1)
            ),
            "1.0 of `git push`",
            ratio(median.0) <= 1.0,
        ),
        Figure::limited(
            "the same, 99th percentile",
            format!("{} ({:.2} of the median `git push`)", ms(slowest), ratio(slowest)),
            "3.0",
            ratio(slowest) <= 3.0,
        ),
    ])
}
