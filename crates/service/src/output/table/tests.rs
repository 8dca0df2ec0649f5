use engine::rejection::Rejection;

use super::*;
use crate::output::fixture::{between_hosts, every_outcome, oid, reference, report, request};

fn plain(request: &Request, report: &Report, verbosity: Verbosity) -> String {
    table(request, report, verbosity, Palette::Plain)
}

#[test]
fn every_outcome_has_its_line_in_gits_columns() {
    let (request, _) = between_hosts();
    insta::assert_snapshot!(plain(&request, &every_outcome(), Verbosity::Verbose), @"
    To git@git.example.com:acme/app.git
       1a2b3c4..5d6e7f8  ahead -> ahead
     + 1a2b3c4...5d6e7f8 amended -> amended (forced, lease held)
     ! [conflict]        both -> both (both sides changed)
     ! [unknown]         cut -> cut (the connection ended before the report)
     ! [refused]         diverged -> diverged (not a fast-forward)
     - [deleted]         gone
     = [skipped]         kept (deletions are not mirrored)
     ! [not written]     late -> late (the run ended before it was written)
     = [up to date]      main -> main
     * [new branch]      new -> new
     = [left alone]      own (on the target alone)
     ! [rejected]        protected -> protected (protected branch hook declined)
     ! [lease lost]      raced -> raced (somebody else moved it to 9f9f9f9 meanwhile)
     ! [lease lost]      raced-away -> raced-away (somebody else deleted it meanwhile)
     = [already there]   same -> same (somebody else wrote the same)
     + 1a2b3c4...5d6e7f8 unproven -> unproven (replaced, lease held)
     * [new reference]   refs/notes/commits -> refs/notes/commits
     * [new tag]         v1 -> v1
    ");
}

#[test]
fn less_is_shown_with_less_verbosity() {
    let (request, _) = between_hosts();
    let normal = plain(&request, &every_outcome(), Verbosity::Normal);
    assert!(!normal.contains("[left alone]") && normal.contains("[up to date]"));
    insta::assert_snapshot!(plain(&request, &every_outcome(), Verbosity::Quiet), @"
    To git@git.example.com:acme/app.git
     ! [conflict]        both -> both (both sides changed)
     ! [unknown]         cut -> cut (the connection ended before the report)
     ! [refused]         diverged -> diverged (not a fast-forward)
     ! [not written]     late -> late (the run ended before it was written)
     ! [rejected]        protected -> protected (protected branch hook declined)
     ! [lease lost]      raced -> raced (somebody else moved it to 9f9f9f9 meanwhile)
     ! [lease lost]      raced-away -> raced-away (somebody else deleted it meanwhile)
    ");
    let quiet = report(vec![reference(
        "refs/heads/new",
        None,
        Some("5d6e7f8"),
        Outcome::Created,
    )]);
    assert_eq!(plain(&request, &quiet, Verbosity::Quiet), "");
}

#[test]
fn a_two_way_run_has_a_block_for_each_side_that_is_written() {
    let (request, _) = request(&["/srv/a.git", "/srv/b.git", "--two-way"]);
    let mut back = reference("refs/heads/back", None, Some("5d6e7f8"), Outcome::Created);
    back.to = Side::Source;
    let there = reference(
        "refs/heads/there",
        Some("1a2b3c4"),
        Some("5d6e7f8"),
        Outcome::Updated(Lineage::Descends),
    );
    insta::assert_snapshot!(plain(&request, &report(vec![back, there]), Verbosity::Normal), @"
    To /srv/b.git
       1a2b3c4..5d6e7f8  there -> there
    To /srv/a.git
     * [new branch]      back -> back
    ");
}

#[test]
fn a_dry_run_says_so_and_nothing_else_differs() {
    let (request, _) = between_hosts();
    let wet = plain(&request, &every_outcome(), Verbosity::Normal);
    let dry = plain(
        &request,
        &Report {
            dry_run: true,
            ..every_outcome()
        },
        Verbosity::Normal,
    );
    assert_ne!(dry, wet);
    assert_eq!(dry.replace(" (dry run)", ""), wet);
}

#[test]
fn a_branch_and_a_tag_of_one_name_are_told_apart() {
    let (request, _) = between_hosts();
    let same = |name| {
        reference(
            name,
            Some("1a2b3c4"),
            Some("5d6e7f8"),
            Outcome::Updated(Lineage::Rewrites),
        )
    };
    let report = report(vec![
        same("refs/heads/v1"),
        same("refs/heads/v2"),
        same("refs/tags/v1"),
    ]);
    insta::assert_snapshot!(plain(&request, &report, Verbosity::Normal), @"
    To git@git.example.com:acme/app.git
     + 1a2b3c4...5d6e7f8 refs/heads/v1 -> refs/heads/v1 (forced, lease held)
     + 1a2b3c4...5d6e7f8 v2 -> v2 (forced, lease held)
     + 1a2b3c4...5d6e7f8 refs/tags/v1 -> refs/tags/v1 (forced, lease held)
    ");
}

#[test]
fn ids_are_as_long_as_it_takes_to_tell_them_apart() {
    let (one, other) = (oid("1234567890a"), oid("1234567890b"));
    assert_eq!(
        abbreviated_apart(&one, &other),
        ("1234567890a".into(), "1234567890b".into())
    );
    assert_eq!(
        abbreviated_apart(&oid("1a2b3c4"), &oid("5d6e7f8")),
        ("1a2b3c4".into(), "5d6e7f8".into())
    );
    assert_eq!(abbreviated_apart(&one, &one).0.len(), 40);
}

#[test]
fn hostile_names_and_words_are_harmless() {
    let (request, _) = between_hosts();
    let hostile = report(vec![
        reference(
            "refs/heads/main\u{202e}niam".as_bytes(),
            None,
            Some("5d6e7f8"),
            Outcome::Created,
        ),
        reference(
            b"refs/heads/\xff\xc2\x9b31m",
            None,
            Some("5d6e7f8"),
            Outcome::Created,
        ),
        reference(
            "refs/heads/rejected",
            None,
            Some("5d6e7f8"),
            Outcome::Rejected(Rejection::parse("\u{1b}]0;owned\u{7}no", "")),
        ),
    ]);
    insta::assert_snapshot!(plain(&request, &hostile, Verbosity::Normal), @r"
    To git@git.example.com:acme/app.git
     * [new branch]      main\u{202e}niam -> main\u{202e}niam
     * [new branch]      \xff\u{9b}31m -> \xff\u{9b}31m
     ! [rejected]        rejected -> rejected (\u{1b}]0;owned\u{7}no)
    ");
}

#[test]
fn a_name_that_is_nowhere_is_said_to_be() {
    let (request, _) = between_hosts();
    let report = report(vec![reference("refs/heads/mian", None, None, Outcome::UpToDate)]);
    assert!(
        plain(&request, &report, Verbosity::Normal)
            .ends_with(" = [up to date]      mian (on neither side)\n")
    );
}

#[test]
fn a_long_name_does_not_shift_the_columns_of_others() {
    let (request, _) = between_hosts();
    let long = format!("refs/heads/{}", "x".repeat(300));
    let report = report(vec![
        reference(&long, None, Some("5d6e7f8"), Outcome::Created),
        reference("refs/heads/y", None, Some("5d6e7f8"), Outcome::Created),
    ]);
    let text = plain(&request, &report, Verbosity::Normal);
    assert!(text.ends_with(" * [new branch]      y -> y\n"), "{text}");
}

#[test]
fn colours_surround_the_columns_and_change_no_text() {
    let (request, _) = between_hosts();
    let coloured = table(&request, &every_outcome(), Verbosity::Verbose, Palette::Colours);
    assert!(
        coloured.contains("\u{1b}[33m+ 1a2b3c4...5d6e7f8\u{1b}[0m amended"),
        "{coloured:?}"
    );
    let mut stripped = coloured.replace("\u{1b}[0m", "");
    for code in [2, 31, 32, 33] {
        stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(stripped, plain(&request, &every_outcome(), Verbosity::Verbose));
}
