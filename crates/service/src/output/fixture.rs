//! Reports for the tests of what is said about them.

use bstr::BString;
use clap::Parser;
use engine::decide::{Lineage, Refusal};
use engine::error::{Error, Fault, Stage};
use engine::rejection::Rejection;
use engine::report::{Outcome, RefReport, Report};
use engine::request::Request;
use engine::side::Side;
use gitwire::{Oid, RefName, parse_oid};

use super::again::Again;
use crate::inputs::{self, Flags, Variables};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

/// The request that these arguments make, and how to repeat it.
pub(super) fn request(arguments: &[&str]) -> (Request, Again) {
    let line = Line::parse_from(std::iter::once(&"test").chain(arguments));
    let request = inputs::request(&line.flags, &Variables::default()).unwrap();
    let again = Again::new(&line.flags, &request);
    (request, again)
}

/// A request between two hosts.
pub(super) fn between_hosts() -> (Request, Again) {
    request(&[
        "https://github.com/acme/app.git",
        "git@git.example.com:acme/app.git",
    ])
}

/// An id whose seven first digits are these.
pub(super) fn oid(digits: &str) -> Oid {
    parse_oid(format!("{digits}{}", "0".repeat(40 - digits.len())).as_bytes()).unwrap()
}

/// A reference that is written to the target, with old and new values or without.
pub(super) fn reference(
    name: impl AsRef<[u8]>,
    old: Option<&str>,
    new: Option<&str>,
    outcome: Outcome,
) -> RefReport {
    RefReport {
        name: RefName::new(name).unwrap(),
        to: Side::Target,
        old: old.map(oid),
        new: new.map(oid),
        outcome,
        old_told: false,
        seen: engine::side::Both {
            source: new.map(oid),
            target: old.map(oid),
        },
    }
}

/// A report of references.
pub(super) fn report(references: Vec<RefReport>) -> Report {
    Report {
        references,
        ..Report::default()
    }
}

/// One reference for each outcome.
pub(super) fn every_outcome() -> Report {
    let (old, new) = (Some("1a2b3c4"), Some("5d6e7f8"));
    report(vec![
        reference("refs/heads/ahead", old, new, Outcome::Updated(Lineage::Descends)),
        reference(
            "refs/heads/amended",
            old,
            new,
            Outcome::Updated(Lineage::Rewrites),
        ),
        reference("refs/heads/both", old, new, Outcome::Refused(Refusal::Conflict)),
        reference("refs/heads/cut", old, new, Outcome::Unknown),
        reference(
            "refs/heads/diverged",
            old,
            new,
            Outcome::Refused(Refusal::NotFastForward),
        ),
        reference("refs/heads/gone", old, None, Outcome::Deleted),
        reference("refs/heads/kept", old, None, Outcome::DeletionSkipped),
        reference("refs/heads/late", old, new, Outcome::NotWritten),
        reference("refs/heads/main", new, new, Outcome::UpToDate),
        reference("refs/heads/new", None, new, Outcome::Created),
        reference("refs/heads/own", old, None, Outcome::LeftAlone),
        reference(
            "refs/heads/protected",
            old,
            new,
            Outcome::Rejected(Rejection::parse("protected branch hook declined", "")),
        ),
        reference(
            "refs/heads/raced",
            old,
            new,
            Outcome::LeaseLost {
                now: Some(oid("9f9f9f9")),
            },
        ),
        reference(
            "refs/heads/raced-away",
            old,
            new,
            Outcome::LeaseLost { now: None },
        ),
        reference("refs/heads/same", old, new, Outcome::AlreadyThere),
        reference(
            "refs/heads/unproven",
            old,
            new,
            Outcome::Updated(Lineage::Unproven),
        ),
        reference("refs/notes/commits", None, new, Outcome::Created),
        reference("refs/tags/v1", None, new, Outcome::Created),
    ])
}

/// A fault of the target.
pub(super) fn unauthorized() -> Error {
    Error {
        side: Side::Target,
        stage: Stage::Observe,
        url: "https://git.example.com/acme/app.git".into(),
        kind: Fault::Unauthorized {
            user: Some("git".into()),
            message: String::new(),
        },
    }
}

/// A name that git refuses, as a side listed it.
pub(super) fn invalid_name() -> (Side, BString) {
    (Side::Source, BString::from("refs/heads/a\u{1b}[31m\\b"))
}
