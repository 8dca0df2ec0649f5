//! The place of a benchmark: two servers, repositories made for it, and one way to run a program and measure it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempDir;
use testkit::{Finished, Repo, Run, git_environment};

use super::sample::Sample;
use super::servers::{Servers, Transport};

/// Two servers on loopback and what lies behind them. All of it goes when the lab is dropped.
#[derive(Debug)]
pub(crate) struct Lab {
    servers: Servers,
    refsync: PathBuf,
    directory: TempDir,
    names: AtomicU32,
}

/// The references that a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One reference, by its full name.
    One(String),
    /// Whatever the source has.
    All,
}

impl Scope {
    /// Whether a reference of this full name belongs to it.
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => name == one,
            Self::All => true,
        }
    }
}

impl Lab {
    /// Starts the servers. `refsync` is the program to measure.
    pub(crate) fn new(transport: Transport, refsync: PathBuf) -> anyhow::Result<Self> {
        let directory = testkit::tmp();
        for side in ["source", "target", "client"] {
            fs::create_dir(directory.path().join(side))
                .context("the benchmark's directory cannot be written")?;
        }
        let place = |side: &str| directory.path().join(side);
        let servers = Servers::start(transport, &place("source"), &place("target"), &place("client"))?;
        Ok(Self {
            servers,
            refsync,
            directory,
            names: AtomicU32::new(0),
        })
    }

    /// A new, empty repository on the source's host.
    pub(crate) fn source(&self) -> Repo {
        Repo::bare(self.fresh("source"))
    }

    /// A new, empty repository on the target's host.
    pub(crate) fn target(&self) -> Repo {
        Repo::bare(self.fresh("target"))
    }

    /// A repository on the target's host that has the references of `source` whose names pass, and shares the files
    /// of its objects.
    pub(crate) fn mirror_of(&self, source: &Repo, passes: impl Fn(&str) -> bool) -> anyhow::Result<Repo> {
        let target = self.target();
        let objects = |repo: &Repo| repo.git_dir().join("objects").join(".");
        let link = Run::new("cp").args(["-r", "--link", "--preserve=mode"]);
        success(&link.arg(objects(source)).arg(objects(&target)).run())?;
        let references = source.refs().into_iter().filter(|(name, _)| passes(name));
        let create: String = references
            .map(|(name, id)| format!("create {name} {id}\n"))
            .collect();
        let update = Run::new("git").envs(git_environment()).directory(target.path());
        success(&update.args(["update-ref", "--stdin"]).input(create).run())?;
        target.git(&["pack-refs", "--all"]);
        Ok(target)
    }

    /// A directory on the client's side that does not exist yet.
    pub(crate) fn client(&self) -> PathBuf {
        self.fresh("client")
    }

    fn fresh(&self, side: &str) -> PathBuf {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        self.directory.path().join(side).join(format!("{number:03}.git"))
    }

    /// How a client names a repository of either host.
    pub(crate) fn url(&self, repo: &Repo) -> String {
        self.servers.url(repo)
    }

    /// Git as a person's script runs it, with git's own defaults.
    pub(crate) fn git<const N: usize>(&self, arguments: [&str; N]) -> Run {
        Run::new("git")
            .envs(git_environment())
            .envs(self.servers.environment())
            .args(arguments)
    }

    /// Runs refsync with these arguments where it can write no byte to any disk: a write into a file ends it by a
    /// signal, its home and its temporary directory are one empty directory, and it must leave that empty.
    pub(crate) fn refsync(&self, arguments: &[&str]) -> anyhow::Result<Sample> {
        let home = self.client();
        fs::create_dir(&home).context("the benchmark's directory cannot be written")?;
        let run = Run::new(&self.refsync).args(arguments).directory(&home);
        let run = run
            .envs(git_environment())
            .envs(self.servers.environment())
            .env("HOME", &home)
            .env("TMPDIR", &home);
        let mut running = run.spawn();
        forbid_writes(running.process().id());
        let sample = success(&running.finish())?;
        // Removes nothing but an empty directory.
        fs::remove_dir(&home).context("refsync left something in its temporary directory")?;
        Ok(sample)
    }
}

/// Checks that the work was really done: in the scope, both sides have the same references, and there are some.
pub(crate) fn settle(source: &Repo, target: &Repo, scope: &Scope) -> anyhow::Result<()> {
    let of = |repo: &Repo| -> BTreeMap<String, String> {
        repo.refs()
            .into_iter()
            .filter(|(name, _)| scope.contains(name))
            .collect()
    };
    let expected = of(source);
    ensure!(!expected.is_empty(), "the source has no reference to mirror");
    ensure!(
        expected == of(target),
        "the target's references are not the source's"
    );
    Ok(())
}

/// Takes from a running process, and from the children that it has yet to start, the right to write into a file.
fn forbid_writes(process: u32) {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    // It fails only if the process has ended already, and then its exit code speaks.
    let _ = prlimit(pid, Resource::Fsize, nothing);
}

/// Runs commands one after the other: one sample.
pub(crate) fn in_turn(steps: impl IntoIterator<Item = Run>) -> anyhow::Result<Sample> {
    let mut all = Sample {
        seconds: 0.0,
        peak_memory: 0,
    };
    for step in steps {
        let one = success(&step.run())?;
        all.seconds += one.seconds;
        all.peak_memory = all.peak_memory.max(one.peak_memory);
    }
    Ok(all)
}

fn success(finished: &Finished) -> anyhow::Result<Sample> {
    match finished.code {
        Some(0) => Ok(Sample {
            seconds: finished.elapsed.as_secs_f64(),
            peak_memory: finished.peak_memory,
        }),
        Some(code) => bail!(
            "a measured command exited with {code}:\n{}",
            finished.stderr.trim_end()
        ),
        None => bail!(
            "a measured command was ended by a signal (did it write a file?):\n{}",
            finished.stderr.trim_end()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_may_not_write_is_ended_by_its_first_byte_into_a_file() {
        let directory = testkit::tmp();
        let file = directory.path().join("file");
        let script = r#"until grep -q "^Max file size *0 " /proc/$$/limits; do :; done; echo byte >"$0""#;
        let mut running = Run::new("sh").args(["-c", script]).arg(&file).spawn();
        forbid_writes(running.process().id());
        let finished = running.finish();
        assert_eq!(finished.code, None, "{}", finished.stderr);
        assert_eq!(fs::read(&file).unwrap(), b"");
    }

    #[test]
    fn work_that_was_not_done_is_noticed() {
        let directory = testkit::tmp();
        let repo = |name: &str| Repo::bare(directory.path().join(name));
        let (source, target) = (repo("source.git"), repo("target.git"));
        let scope = Scope::One("refs/heads/main".into());
        assert!(
            settle(&source, &target, &scope).is_err(),
            "nothing equals nothing"
        );
        source.commit("main", "first");
        assert!(settle(&source, &target, &scope).is_err());
        target.commit("main", "first");
        settle(&source, &target, &scope).unwrap();
        target.commit("more", "second");
        settle(&source, &target, &scope).unwrap();
        assert!(settle(&source, &target, &Scope::All).is_err());
    }
}
