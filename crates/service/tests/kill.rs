//! `refsync` killed at random moments, a hundred times: the target has the old values or the new ones, and the next run completes.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Finished, HttpServer, Repo, Run, git_environment, tmp, until};

/// How often each of the two tests kills.
const KILLS: u32 = 50;

/// SplitMix64: small, and the same moments in every run, as far as a machine repeats itself.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A moment within so long and half as long again, so that some runs end before it.
    fn moment(&mut self, whole: Duration) -> Duration {
        let thousandths = u32::try_from(self.next() % 1_500).unwrap();
        whole * thousandths / 1_000
    }
}

/// One mirror that goes on changing.
struct Changing {
    source: Repo,
    target: Repo,
    from: String,
    to: String,
    step: u32,
}

impl Changing {
    /// The source gets new commits on one branch, a new branch, and loses the one that was new before.
    fn change(&mut self) {
        self.step += 1;
        let step = self.step;
        self.source.big_blob("main", "large", 200_000 + u64::from(step));
        self.source
            .commit_onto(&format!("step{step}"), Some("main"), "a step");
        if step > 1 {
            self.source.delete_ref(&format!("refs/heads/step{}", step - 1));
        }
    }

    fn sync(&self) -> Run {
        Run::new(env!("CARGO_BIN_EXE_refsync"))
            .envs(git_environment())
            .args([
                "sync",
                &self.from,
                &self.to,
                "--sync-delete=true",
                "-r",
                "refs/heads/*",
            ])
            .args([
                "-r",
                &format!("refs/heads/step{}", self.step.saturating_sub(1).max(1)),
            ])
    }

    fn completes(&self) -> Finished {
        let finished = self.sync().run();
        assert_eq!(finished.code, Some(0), "{}\n{}", finished.stdout, finished.stderr);
        assert_eq!(self.target.refs(), self.source.refs());
        finished
    }

    /// Every reference has its value of before or of after.
    fn assert_old_or_new(&self, before: &BTreeMap<String, String>) {
        let (after, now) = (self.source.refs(), self.target.refs());
        for name in before.keys().chain(after.keys()).chain(now.keys()) {
            let value = now.get(name);
            assert!(
                value == before.get(name) || value == after.get(name),
                "{name}: {value:?}\nbefore: {before:?}\nafter: {after:?}"
            );
        }
        self.target.fsck_strict();
    }
}

/// Whether a program that somebody started for a repository still runs: a killed refsync leaves its children behind, which
/// end by themselves when they see that nobody talks to them any more.
fn is_busy(repository: &Path) -> bool {
    let path = repository.as_os_str().as_encoded_bytes();
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    // A process that has ended meanwhile has no command line any more.
    let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.any(|line| line.windows(path.len()).any(|window| window == path))
}

/// Kills it a number of times; `quiet` waits until the target no longer changes.
fn is_killed(mut mirror: Changing, seed: u64, quiet: impl Fn()) {
    let mut random = Random(seed);
    // The time of a whole run, of the second one: the first reads the program from the disk.
    mirror.change();
    mirror.completes();
    mirror.change();
    let mut whole = mirror.completes().elapsed;
    let (mut killed, mut changed) = (0, 0);
    for _ in 0..KILLS {
        let before = mirror.target.refs();
        mirror.change();
        let moment = random.moment(whole);
        let start = Instant::now();
        let mut running = mirror.sync().spawn();
        while let Some(left) = moment.checked_sub(start.elapsed()) {
            thread::park_timeout(left);
        }
        running.process().kill();
        killed += u32::from(running.process().wait().code().is_none());
        // Its children live on, and nobody ends them but the end of what they read.
        quiet();
        drop(running);
        mirror.assert_old_or_new(&before);
        changed += u32::from(mirror.target.refs() != before);
        whole = mirror.completes().elapsed.max(Duration::from_millis(5));
    }
    // Both kinds of moments occurred, so the test has tested something.
    assert!(
        killed >= KILLS / 5,
        "only {killed} of {KILLS} were killed before their end"
    );
    assert!(changed >= 1, "no target had changed by the time of the kill");
}

fn mirror(folder: &Path, url: impl Fn(&Repo) -> String) -> Changing {
    let source = Repo::bare(folder.join("source.git"));
    let target = Repo::bare(folder.join("target.git"));
    source.history("main", 20);
    let (from, to) = (url(&source), url(&target));
    Changing {
        source,
        target,
        from,
        to,
        step: 0,
    }
}

#[test]
fn killed_between_paths_it_loses_nothing() {
    let folder = tmp();
    let mirror = mirror(folder.path(), |repo| repo.path().display().to_string());
    let root = folder.path();
    is_killed(mirror, 1, || {
        until("the children to end", Duration::from_secs(60), || !is_busy(root));
    });
}

#[test]
fn killed_between_servers_it_loses_nothing() {
    let folder = tmp();
    let server = HttpServer::start(folder.path());
    let url = |repo: &Repo| server.url(&repo.path().file_name().unwrap().to_string_lossy());
    let mirror = mirror(folder.path(), url);
    is_killed(mirror, 2, || server.wait_idle());
}
