//! `refsync demo`.

use std::fs;

use testkit::{Run, tmp};

use crate::{everything, refsync};

#[test]
fn the_demo_shows_every_step_and_leaves_nothing_behind() {
    let folder = tmp();
    let finished = refsync().arg("demo").env("TMPDIR", folder.path()).run();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    for step in 1..=6 {
        assert!(
            finished.stdout.contains(&format!("\n{step}. ")),
            "step {step} is missing:\n{}",
            finished.stdout
        );
    }
    for words in [
        "$ git -C work push -q --force origin main",
        "(forced, lease held)",
        "[lease lost]",
        "(exit code 3)",
    ] {
        assert!(
            finished.stdout.contains(words),
            "`{words}` is missing:\n{}",
            finished.stdout
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn its_own_words_fit_80_columns() {
    let finished = refsync().arg("demo").run();
    let own = finished
        .stdout
        .lines()
        .filter(|line| !line.starts_with("hint:") && !line.starts_with("remote ("));
    for line in own {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_repositories_can_be_kept() {
    let folder = tmp();
    let finished = refsync()
        .args(["demo", "--keep"])
        .env("TMPDIR", folder.path())
        .run();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    let kept = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert!(kept.join("mirror.git/HEAD").is_file());
    assert!(
        finished
            .stdout
            .contains(&format!("The repositories are in {}", kept.display()))
    );
}

#[test]
fn a_step_that_goes_wrong_fails_the_demo() {
    let without_git = tmp();
    let finished = refsync().arg("demo").env("PATH", without_git.path()).run();
    assert_eq!(finished.code, Some(1), "{}", everything(&finished));
    assert!(
        finished.stderr.contains("cannot start git"),
        "{}",
        finished.stderr
    );

    // A git that pretends: the first run finds nothing to read.
    let pretending = tmp();
    let script = "cd \"$0\" && printf '#!/bin/sh\\nexit 0\\n' >git && chmod 755 git";
    assert_eq!(
        Run::new("sh")
            .args(["-c", script])
            .arg(pretending.path())
            .run()
            .code,
        Some(0)
    );
    let finished = refsync().arg("demo").env("PATH", pretending.path()).run();
    assert_eq!(finished.code, Some(1), "{}", everything(&finished));
    assert!(
        finished
            .stderr
            .contains("the demo did not go as it should: exit code 0 was due"),
        "{}",
        finished.stderr
    );
}
