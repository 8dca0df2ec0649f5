//! The commands that speak to a server: against a stub that says exactly what a test wants, and against `refsync serve`.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use testkit::{Finished, Run, git_environment};

mod changes;
mod errors;
mod examples;
mod files;
mod help;
mod lists;
mod runs;
mod samples;
mod served;
mod silent;
mod stub;

/// `refsync`, with nothing of this machine in its environment.
fn refsync() -> Run {
    Run::new(env!("CARGO_BIN_EXE_refsync")).envs(git_environment())
}

/// Both streams of a run, for what must be in neither.
fn everything(finished: &Finished) -> String {
    format!("{}\n{}", finished.stdout, finished.stderr)
}
