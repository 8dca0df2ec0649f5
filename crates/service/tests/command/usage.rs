//! Wrong usage exits 64, says why on standard error, and does nothing.

use testkit::{Finished, Run};

use crate::{everything, pair, refsync};

fn refused(run: Run) -> Finished {
    let finished = run.run();
    assert_eq!(finished.code, Some(64), "{}", everything(&finished));
    assert_eq!(finished.stdout, "");
    finished
}

#[test]
fn no_command_and_unknown_flags_exit_64() {
    refused(refsync());
    refused(refsync().arg("mirror"));
    refused(refsync().args(["sync", "--no-such-flag"]));
    refused(refsync().args(["sync", "a", "b", "c"]));
    refused(refsync().args(["sync", "/a", "/b", "--force=sometimes"]));
    refused(refsync().args(["sync", "/a", "/b", "-q", "-v"]));
    refused(refsync().args(["sync", "/a", "/b", "--force-with-lease", "refs/heads/main:"]));
}

#[test]
fn help_and_version_are_no_errors() {
    for arguments in [
        &["--help"][..],
        &["sync", "--help"],
        &["demo", "-h"],
        &["--version"],
        &["help", "sync"],
    ] {
        let finished = refsync().args(arguments).run();
        assert_eq!(
            (finished.code, finished.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        assert!(!finished.stdout.is_empty());
    }
}

#[test]
fn the_help_names_every_variable_and_the_exit_codes() {
    let help = refsync().args(["sync", "--help"]).run().stdout;
    for word in [
        "SOURCE_URL",
        "TARGET_URL",
        "SOURCE_TOKEN",
        "TARGET_TOKEN",
        "SOURCE_USERNAME",
        "TARGET_USERNAME",
        "REFERENCE",
        "REFERENCE_SHA_OLD",
        "SYNC_DELETE",
        "Exit codes:",
        "64  wrong usage",
    ] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
}

#[test]
fn missing_addresses_come_with_an_example() {
    let finished = refused(refsync().arg("sync"));
    assert!(
        finished
            .stderr
            .contains("error: the address of the source is missing"),
        "{}",
        finished.stderr
    );
    assert!(
        finished
            .stderr
            .contains("hint: for example: refsync sync https://"),
        "{}",
        finished.stderr
    );
}

#[test]
fn an_empty_reference_variable_mirrors_nothing() {
    let (source, target) = pair();
    for reference in ["", "null", "<+trigger.reference>"] {
        let run = refsync()
            .arg("sync")
            .arg(source.path())
            .arg(target.path())
            .env("REFERENCE", reference);
        let finished = refused(run);
        assert!(finished.stderr.contains("REFERENCE"), "{}", finished.stderr);
    }
    assert!(target.refs().is_empty());
}

#[test]
fn a_malformed_old_sha_writes_nothing() {
    let (source, target) = pair();
    let run = refsync().arg("sync").arg(source.path()).arg(target.path());
    refused(
        run.env("REFERENCE", "refs/heads/main")
            .env("REFERENCE_SHA_OLD", "1234"),
    );
    assert!(target.refs().is_empty());
}

#[test]
fn a_control_character_in_a_value_does_not_reach_the_terminal() {
    let run = refsync()
        .args(["sync", "/a", "/b"])
        .env("SYNC_DELETE", "\u{1b}]0;owned\u{7}");
    let finished = refused(run);
    assert!(
        !finished.stderr.contains(['\u{1b}', '\u{7}']),
        "{:?}",
        finished.stderr
    );
}

#[test]
fn the_schema_needs_no_repositories() {
    let finished = refsync().args(["sync", "--json-schema"]).run();
    assert_eq!(finished.code, Some(0));
    assert!(finished.stdout.starts_with("{\n  \"$schema\""));
}
