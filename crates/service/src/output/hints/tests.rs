use engine::rejection::Rejection;
use engine::side::Side;

use super::*;
use crate::output::fixture::{between_hosts, every_outcome, oid, reference, report, request};

fn hints(report: &Report) -> String {
    of_run(report, &between_hosts().1).join("\n")
}

fn refused(name: &str, refusal: Refusal) -> RefReport {
    reference(name, Some("1a2b3c4"), Some("5d6e7f8"), Outcome::Refused(refusal))
}

#[test]
fn a_run_without_trouble_has_no_hints() {
    let fine = report(vec![reference(
        "refs/heads/new",
        None,
        Some("5d6e7f8"),
        Outcome::Created,
    )]);
    assert_eq!(hints(&fine), "");
}

#[test]
fn each_kind_of_trouble_has_its_hints_once() {
    insta::assert_snapshot!(hints(&every_outcome()), @"
    both: merge the two sides, or decide which one is right:
      refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git -r refs/heads/both --force-with-lease=refs/heads/both:1a2b3c4000000000000000000000000000000000   # the source is right
      refsync sync git@git.example.com:acme/app.git https://github.com/acme/app.git -r refs/heads/both --force-with-lease=refs/heads/both:5d6e7f8000000000000000000000000000000000   # the target is right
    diverged: the target has commits that would be lost. Look at what is there:
      git ls-remote git@git.example.com:acme/app.git refs/heads/diverged
    If it can go, name the value that may be replaced:
      refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git -r refs/heads/diverged --force-with-lease=refs/heads/diverged:1a2b3c4000000000000000000000000000000000
    protected: let the token's user push to the protected reference, or exclude it (-r '^refs/heads/NAME')
    raced, raced-away: nothing was overwritten; run again to decide from what is there now
    ");
}

#[test]
fn many_references_are_named_by_the_first_three() {
    let many = (0..7)
        .map(|number| refused(&format!("refs/heads/b{number}"), Refusal::NotFastForward))
        .collect();
    insta::assert_snapshot!(hints(&report(many)), @"
    b0, b1, b2 and 4 more: the target has commits that would be lost. Look at what is there:
      git ls-remote git@git.example.com:acme/app.git refs/heads/b0 refs/heads/b1 refs/heads/b2
    If it can go, name the value that may be replaced:
      refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git -r refs/heads/b0 --force-with-lease=refs/heads/b0:1a2b3c4000000000000000000000000000000000
      refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git -r refs/heads/b1 --force-with-lease=refs/heads/b1:1a2b3c4000000000000000000000000000000000
      refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git -r refs/heads/b2 --force-with-lease=refs/heads/b2:1a2b3c4000000000000000000000000000000000
    ");
}

#[test]
fn a_tag_is_called_one() {
    insta::assert_snapshot!(hints(&report(vec![refused("refs/tags/v1", Refusal::NotFastForward)])), @"
    tag v1: a tag that exists is moved only if its old value is given. Look at what is there:
      git ls-remote git@git.example.com:acme/app.git refs/tags/v1
    If it can go, name the value that may be replaced:
      refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git -r refs/tags/v1 --force-with-lease=refs/tags/v1:1a2b3c4000000000000000000000000000000000
    ");
}

#[test]
fn a_refused_deletion_is_repeated_as_a_deletion() {
    let deletion = reference(
        "refs/heads/gone",
        Some("1a2b3c4"),
        None,
        Outcome::Refused(Refusal::OutOfSync),
    );
    insta::assert_snapshot!(hints(&report(vec![deletion])), @"
    gone: the target has another value than the old one that was given. Look at what is there:
      git ls-remote git@git.example.com:acme/app.git refs/heads/gone
    If it can go, name the value that may be replaced:
      refsync sync https://github.com/acme/app.git git@git.example.com:acme/app.git -r refs/heads/gone --force-with-lease=refs/heads/gone:1a2b3c4000000000000000000000000000000000 --sync-delete
    ");
}

#[test]
fn a_conflict_can_be_decided_either_way() {
    let (_, again) = request(&["/srv/a.git", "/srv/b.git", "--two-way"]);
    let conflict = report(vec![refused("refs/heads/main", Refusal::Conflict)]);
    insta::assert_snapshot!(of_run(&conflict, &again).join("\n"), @"
    main: merge the two sides, or decide which one is right:
      refsync sync /srv/a.git /srv/b.git -r refs/heads/main --force-with-lease=refs/heads/main:1a2b3c4000000000000000000000000000000000   # the source is right
      refsync sync /srv/b.git /srv/a.git -r refs/heads/main --force-with-lease=refs/heads/main:5d6e7f8000000000000000000000000000000000   # the target is right
    ");
}

#[test]
fn a_command_reaches_what_this_run_reached() {
    let (_, again) = request(&[
        "https://me@host/a b.git",
        "/srv/b.git",
        "--source-token-file=/dev/null",
        "--target-username=me",
        "--ca-file=/dev/null",
    ]);
    assert_eq!(
        again.sync(Side::Target, &[b"-n"]).unwrap(),
        "refsync sync https://me@host/a%20b.git /srv/b.git --source-token-file=/dev/null --target-username=me \
         --ca-file=/dev/null -n"
    );
    assert_eq!(
        again.sync(Side::Source, &[b"-n"]).unwrap(),
        "refsync sync /srv/b.git https://me@host/a%20b.git --source-username=me --target-token-file=/dev/null \
         --ca-file=/dev/null -n"
    );
}

#[test]
fn a_hostile_name_makes_no_dangerous_command() {
    let quoted = hints(&report(vec![refused(
        "refs/heads/$(reboot)",
        Refusal::NotFastForward,
    )]));
    assert!(
        quoted.contains("-r 'refs/heads/$(reboot)' '--force-with-lease=refs/heads/$(reboot):1a2b3c4"),
        "{quoted}"
    );

    let mut hidden = refused("refs/heads/x", Refusal::NotFastForward);
    hidden.name = gitwire::RefName::new("refs/heads/main\u{202e}x".as_bytes()).unwrap();
    let text = hints(&report(vec![hidden]));
    assert!(
        text.contains(r"main\u{202e}x") && !text.contains("refsync sync"),
        "{text}"
    );
}

#[test]
fn every_refusal_but_that_of_an_atomic_run_has_advice() {
    for refusal in [
        Refusal::NotFastForward,
        Refusal::Unproven,
        Refusal::ForceNever,
        Refusal::OutOfSync,
        Refusal::Conflict,
        Refusal::Symbolic,
        Refusal::MaybeSymbolic,
        Refusal::NoDelete,
        Refusal::NameCollision,
        Refusal::Unsteady,
    ] {
        assert!(
            hints(&report(vec![refused("refs/heads/x", refusal)])).starts_with("x: "),
            "{refusal:?}"
        );
    }
    assert_eq!(hints(&report(vec![refused("refs/heads/x", Refusal::Atomic)])), "");
}

#[test]
fn one_reference_alone_has_the_same_hint() {
    let (_, again) = between_hosts();
    let lost = reference(
        "refs/heads/x",
        Some("1a2b3c4"),
        None,
        Outcome::LeaseLost {
            now: Some(oid("9f9f9f9")),
        },
    );
    assert_eq!(of_reference(&lost, &again).unwrap(), hints(&report(vec![lost])));
    let hook = Outcome::Rejected(Rejection::parse("pre-receive hook declined", ""));
    assert!(
        of_reference(&reference("refs/heads/x", None, None, hook), &again)
            .unwrap()
            .contains("hook")
    );
    assert_eq!(
        of_reference(&reference("refs/heads/x", None, None, Outcome::Created), &again),
        None
    );
}
