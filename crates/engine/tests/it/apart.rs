//! Runs of the engine in a process of their own, where they have another environment, or are measured.
//!
//! The test's program is started again with the name of the same test: there the test only makes the run that it was
//! asked for.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::time::Duration;

use testkit::{Finished, Run, git_environment};

use crate::mirror::Mirror;

const SOURCE: &str = "REFSYNC_APART_SOURCE";
const TARGET: &str = "REFSYNC_APART_TARGET";

/// The variable that has the run delete one reference, given in full, in place of mirroring all.
pub(crate) const DELETE: &str = "REFSYNC_APART_DELETE";

/// The test that is going on, in the process that tests.
pub(crate) struct Apart {
    name: &'static str,
}

/// What a run apart came to.
#[derive(Debug)]
pub(crate) struct Outcomes {
    /// The exit code that the run's report gives.
    pub(crate) exit: u8,
    /// The error that ended it, in words.
    pub(crate) error: String,
    /// The outcome of each reference, in words.
    pub(crate) references: BTreeMap<String, String>,
    /// The most memory that the engine's process, test harness included, ever used, in bytes.
    pub(crate) peak_memory: u64,
}

/// Makes a test that uses runs apart. `name` is the test's own path, such as `transports::ssh`.
pub(crate) fn test(name: &'static str, test: impl FnOnce(&Apart)) {
    match (env::var(SOURCE), env::var(TARGET)) {
        (Ok(source), Ok(target)) => inner(&source, &target),
        _ => test(&Apart { name }),
    }
}

impl Apart {
    /// Runs one mirror apart, with these variables beside those of the test kit.
    pub(crate) fn run<K: Into<OsString>, V: Into<OsString>>(
        &self,
        source: &str,
        target: &str,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Outcomes {
        let variables = variables
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        let finished = Run::new(env::current_exe().unwrap())
            .args(["--exact", self.name, "--nocapture", "--test-threads=1"])
            .envs(git_environment())
            .envs(variables)
            .env(SOURCE, source)
            .env(TARGET, target)
            .run();
        assert_eq!(finished.code, Some(0), "{}\n{}", finished.stdout, finished.stderr);
        Outcomes::read(&finished)
    }
}

impl Outcomes {
    fn read(finished: &Finished) -> Self {
        let value = |key: &str| {
            let line = finished.stdout.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_else(|| panic!("no {key} in {}", finished.stdout))
                .to_owned()
        };
        let references = finished.stdout.lines().filter_map(|line| {
            let (name, outcome) = line.strip_prefix("apart: reference ")?.split_once(' ')?;
            Some((name.to_owned(), outcome.to_owned()))
        });
        Self {
            exit: value("apart: exit ").parse().unwrap(),
            error: value("apart: error "),
            references: references.collect(),
            peak_memory: finished.peak_memory,
        }
    }

    /// Everything went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.exit, 0, "{self:#?}");
        self
    }
}

#[expect(
    clippy::print_stdout,
    reason = "this process tells the one that tests by its output"
)]
fn inner(source: &str, target: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut mirror =
        Mirror::new(source, target).with(|request| request.timeouts.idle = Duration::from_secs(30));
    if let Ok(name) = env::var(DELETE) {
        mirror = mirror.references(&[name.as_str()]).sync_delete();
    }
    let done = runtime.block_on(mirror.run());
    // The harness may have begun the line already.
    println!();
    println!("apart: exit {}", done.exit());
    println!("apart: error {}", done.error());
    for reference in &done.report.references {
        println!("apart: reference {} {}", reference.name, reference.outcome);
    }
}
