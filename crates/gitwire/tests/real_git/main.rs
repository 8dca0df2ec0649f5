//! Conversations with the git of this machine, its upload-pack and receive-pack as child processes: what the decoders
//! make of their bytes is held against what git itself says about the repositories.

#![expect(clippy::unwrap_used, reason = "a test helper that fails is a test that fails")]

#[path = "../exercise/mod.rs"]
mod exercise;
mod greeting;
mod jgit;
mod lineage;
mod push;
mod repos;
mod server;
mod v0;
mod v2;

use std::io::Write;
use std::process::Stdio;

use gitwire::Oid;
use repos::{FORMATS, furnished, id, name, repo};
use testkit::Repo;

/// Runs git in the repository with `input`, and tells what it wrote or why it failed.
fn fed(repo: &Repo, arguments: &[&str], input: &[u8]) -> Result<String, String> {
    let mut command = testkit::git(repo.path());
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let written = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_owned();
    if output.status.success() && written.is_ok() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

/// Puts a pack into a repository. One that lacks a base or an object, or is cut, fails.
fn take_pack(repo: &Repo, pack: &[u8]) -> Result<String, String> {
    fed(repo, &["index-pack", "--stdin", "--fix-thin", "--strict"], pack)
}

/// Whether everything that an object reaches is there.
fn is_complete(repo: &Repo, id: Oid) -> bool {
    fed(repo, &["rev-list", "--objects", "--quiet", &id.to_string()], b"").is_ok()
}

/// What was just read, read again by what the fuzzer runs, which holds it to more.
fn replay(target: &str, options: &[u8], stream: &[u8]) {
    let exercise = exercise::TARGETS
        .iter()
        .find(|(name, _)| *name == target)
        .expect("the target exists")
        .1;
    assert_eq!(exercise(&[options, stream].concat()), Ok(()), "{target}");
}
