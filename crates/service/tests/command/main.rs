//! The binary `refsync`, run as people and pipelines run it: with a cleared environment, against real repositories.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use testkit::{Finished, ObjectFormat, Repo, Run, git_environment};

mod demo;
mod json;
mod results;
mod secrets;
mod signals;
mod usage;

/// `refsync`, with nothing of this machine in its environment.
fn refsync() -> Run {
    Run::new(env!("CARGO_BIN_EXE_refsync")).envs(git_environment())
}

/// `refsync sync SOURCE TARGET` with more arguments, run to its end.
fn sync(source: &Repo, target: &Repo, more: &[&str]) -> Finished {
    refsync()
        .arg("sync")
        .arg(source.path())
        .arg(target.path())
        .args(more)
        .run()
}

/// Two repositories: the source with one commit on `main`, the target empty.
fn pair() -> (Repo, Repo) {
    let source = Repo::init(ObjectFormat::Sha1);
    source.commit("main", "one");
    (source, Repo::init(ObjectFormat::Sha1))
}

/// Both streams of a run, for what must be in neither.
fn everything(finished: &Finished) -> String {
    format!("{}\n{}", finished.stdout, finished.stderr)
}
