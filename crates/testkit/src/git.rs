//! The `git` of this machine without anything else of this machine.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::program::require;

/// The environment in which every git of the test kit runs, servers' included.
///
/// No system or user configuration, no prompt, English messages, one author, and no time but the given one
/// (the caller sets `GIT_AUTHOR_DATE` and `GIT_COMMITTER_DATE` where a commit is made).
pub fn git_environment() -> Vec<(OsString, OsString)> {
    let fixed = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_AUTHOR_NAME", "A U Thor"),
        ("GIT_AUTHOR_EMAIL", "author@example.com"),
        ("GIT_COMMITTER_NAME", "C O Mitter"),
        ("GIT_COMMITTER_EMAIL", "committer@example.com"),
        ("HOME", "/nonexistent"),
        ("LC_ALL", "C"),
        ("TZ", "UTC"),
    ];
    let mut environment: Vec<(OsString, OsString)> = fixed
        .iter()
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    for inherited in ["PATH", "TMPDIR"] {
        if let Some(value) = env::var_os(inherited) {
            environment.push((inherited.into(), value));
        }
    }
    environment
}

/// The full path of one of git's own programs, such as `git-http-backend`.
///
/// # Panics
///
/// When git is not installed.
pub(crate) fn git_program(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let mut ask = Command::new(require("git"));
        let answer = ask
            .arg("--exec-path")
            .env_clear()
            .output()
            .expect("git can be started");
        PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim_end())
    });
    directory.join(name)
}

/// `git` in the hermetic environment, with `directory` as its working directory.
///
/// Objects that it writes are not synced to the disk: scenarios need not survive a power cut.
///
/// # Panics
///
/// When git is not installed.
pub fn git(directory: &Path) -> Command {
    let mut command = Command::new(require("git"));
    command.env_clear().envs(git_environment()).current_dir(directory);
    for setting in [
        "init.defaultBranch=main",
        "core.fsync=none",
        "gc.auto=0",
        "maintenance.auto=false",
    ] {
        command.arg("-c").arg(setting);
    }
    command
}

/// Runs a command with `input` to its end and returns its standard output; a failure panics with its
/// standard error.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Vec<u8> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is piped");
    // The inputs here are read whole before anything is written, so this cannot wait for ever.
    let written = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("the child is ours to wait for");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed: {}\n{errors}",
        output.status
    );
    written.unwrap_or_else(|error| panic!("{command:?} did not read its input: {error}"));
    output.stdout
}
