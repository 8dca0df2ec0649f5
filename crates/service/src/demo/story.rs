//! The steps of the demo, and what has to be true after each.

use anyhow::{Context, ensure};

use super::sandbox::{Ran, Sandbox};

const SOURCE: &str = "app.git";
const TARGET: &str = "mirror.git";
const MAIN: &str = "refs/heads/main";

/// Moves the target between refsync's look and its write: receive-pack runs it once it has the pack, before it writes. It
/// runs once, because the push in it runs the hook too.
const RACE: [&str; 4] = [
    "#!/bin/sh",
    "rm \"$0\"",
    "unset $(git rev-parse --local-env-vars) GIT_QUARANTINE_PATH",
    "git -C ../colleague push -q origin main",
];

/// Tells all steps.
pub(super) fn tell(sandbox: &mut Sandbox) -> anyhow::Result<()> {
    first_mirror(sandbox)?;
    new_commit(sandbox)?;
    let old = force_push_without_old_sha(sandbox)?;
    force_push_with_old_sha(sandbox, &old)?;
    deletion(sandbox)?;
    race(sandbox)?;
    sandbox.say("")?;
    sandbox.say("That was all of it, and every step ended as it should.")?;
    Ok(())
}

fn first_mirror(sandbox: &mut Sandbox) -> anyhow::Result<()> {
    sandbox.step(
        "A first mirror",
        "Two bare repositories stand for two hosts: people work with app.git, and mirror.git is to follow. All branches and \
         tags go over in one pass, straight from one to the other: there is no clone in between.",
    )?;
    sandbox.git(&["init", "-q", "--bare", SOURCE])?;
    sandbox.git(&["init", "-q", "--bare", TARGET])?;
    sandbox.git(&["init", "-q", "work"])?;
    sandbox.git(&["-C", "work", "remote", "add", "origin", "../app.git"])?;
    sandbox.git(&["-C", "work", "commit", "-q", "--allow-empty", "-m", "Begin"])?;
    sandbox.git(&["-C", "work", "tag", "v1"])?;
    sandbox.git(&["-C", "work", "branch", "feature"])?;
    sandbox.git(&["-C", "work", "push", "-q", "origin", "main", "feature", "v1"])?;
    ended(&sandbox.sync(&[SOURCE, TARGET])?, 0, "[new branch]")?;
    for reference in [MAIN, "refs/heads/feature", "refs/tags/v1"] {
        same(sandbox, reference)?;
    }
    Ok(())
}

fn new_commit(sandbox: &mut Sandbox) -> anyhow::Result<()> {
    sandbox.step(
        "A new commit",
        "Only what the target lacks is sent, and only what differs is printed. A second run finds nothing to do.",
    )?;
    sandbox.git(&["-C", "work", "commit", "-q", "--allow-empty", "-m", "Go on"])?;
    sandbox.git(&["-C", "work", "push", "-q", "origin", "main"])?;
    ended(&sandbox.sync(&[SOURCE, TARGET])?, 0, "main -> main")?;
    same(sandbox, MAIN)?;
    ended(&sandbox.sync(&[SOURCE, TARGET])?, 0, "3 up to date")
}

/// Returns the value that the target still has.
fn force_push_without_old_sha(sandbox: &mut Sandbox) -> anyhow::Result<String> {
    sandbox.step(
        "A force push, and nobody knows what was there before",
        "The last commit is reworded, so the mirror's main is no ancestor of the new one: to follow would drop a commit \
         there. Nobody vouches for it, so refsync refuses, and says what to do.",
    )?;
    let old = value(sandbox, TARGET, MAIN)?;
    sandbox.git(&[
        "-C",
        "work",
        "commit",
        "-q",
        "--allow-empty",
        "--amend",
        "-m",
        "Go on, reworded",
    ])?;
    sandbox.git(&["-C", "work", "push", "-q", "--force", "origin", "main"])?;
    ended(&sandbox.sync(&[SOURCE, TARGET])?, 2, "[refused]")?;
    ensure!(value(sandbox, TARGET, MAIN)? == old, "the target was overwritten");
    Ok(old)
}

fn force_push_with_old_sha(sandbox: &mut Sandbox, old: &str) -> anyhow::Result<()> {
    sandbox.step(
        "The same force push, and the old SHA is known",
        "A webhook or a pipeline knows what main was before the push. With that value as a lease the mirror may follow: if \
         it has exactly this value still, nobody's work is lost.",
    )?;
    let sync = [SOURCE, TARGET, "-r", MAIN, "--reference-sha-old", old];
    ended(&sandbox.sync(&sync)?, 0, "(forced, lease held)")?;
    same(sandbox, MAIN)
}

fn deletion(sandbox: &mut Sandbox) -> anyhow::Result<()> {
    const FEATURE: &str = "refs/heads/feature";
    sandbox.step(
        "A deletion",
        "A branch that is deleted on the source stays on the mirror, unless deletions are asked for. The exit code is 0 \
         both times: to keep it is no failure.",
    )?;
    sandbox.git(&["-C", "work", "push", "-q", "origin", "--delete", "feature"])?;
    ended(
        &sandbox.sync(&[SOURCE, TARGET, "-r", FEATURE])?,
        0,
        "deletions are not mirrored",
    )?;
    ensure!(
        sandbox.value(TARGET, FEATURE)?.is_some(),
        "the branch was deleted"
    );
    ended(
        &sandbox.sync(&[SOURCE, TARGET, "-r", FEATURE, "--sync-delete"])?,
        0,
        "[deleted]",
    )?;
    ensure!(
        sandbox.value(TARGET, FEATURE)?.is_none(),
        "the branch was not deleted"
    );
    Ok(())
}

fn race(sandbox: &mut Sandbox) -> anyhow::Result<()> {
    sandbox.step(
        "A race",
        "A colleague pushes to the mirror at the worst moment: after refsync has looked and before it writes. This hook, which \
         mirror.git runs between the two, makes the moment exact; the push in it is a real one. refsync's write is \
         leased on what it saw, so that even --force=always cannot overwrite what it has not seen.",
    )?;
    sandbox.git(&["clone", "-q", TARGET, "colleague"])?;
    sandbox.git(&[
        "-C",
        "colleague",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "A fix by a colleague",
    ])?;
    sandbox.hook("mirror.git/hooks/pre-receive", &RACE)?;
    sandbox.git(&["-C", "work", "commit", "-q", "--allow-empty", "-m", "Go further"])?;
    sandbox.git(&["-C", "work", "push", "-q", "origin", "main"])?;
    ended(
        &sandbox.sync(&[SOURCE, TARGET, "-r", MAIN, "--force=always"])?,
        3,
        "[lease lost]",
    )?;
    sandbox.git(&["-C", TARGET, "log", "-1", "--format=%h %s", "main"])?;
    let there = value(sandbox, TARGET, MAIN)?;
    ensure!(
        there == value(sandbox, "colleague", MAIN)?,
        "the colleague's commit was lost"
    );
    Ok(())
}

/// Whether a run ended as the story says.
fn ended(ran: &Ran, code: i32, words: &str) -> anyhow::Result<()> {
    ensure!(ran.code == Some(code), "exit code {code} was due");
    ensure!(ran.output.contains(words), "`{words}` was to be printed");
    Ok(())
}

fn value(sandbox: &Sandbox, repository: &str, reference: &str) -> anyhow::Result<String> {
    sandbox
        .value(repository, reference)?
        .with_context(|| format!("{reference} is missing in {repository}"))
}

fn same(sandbox: &Sandbox, reference: &str) -> anyhow::Result<()> {
    let (source, target) = (
        value(sandbox, SOURCE, reference)?,
        value(sandbox, TARGET, reference)?,
    );
    ensure!(source == target, "{reference} differs");
    Ok(())
}
