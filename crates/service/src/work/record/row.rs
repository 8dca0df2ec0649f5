//! A finished run as its row, its references and the fault that ended it.

use engine::error::{Error, Fault, Retry, Stage};
use engine::report::{Outcome, RefReport, Report};
use engine::side::Side;
use engine::url::RemoteUrl;
use gitwire::message::sanitize;
use serde::Serialize;
use store::queue::Work;
use store::run::{self, Finished, Run, RunRef, State};

use super::{Ran, state, waiting};
use crate::output::json::words::{ErrorKind, OutcomeWord, StageWord};
use crate::output::names::visible;
use crate::work::by_hand;

/// The most references that are kept of a run, but for those that an undo or an approval needs.
const KEPT: usize = 10_000;

/// The run as it ended.
pub(super) fn finished(ran: Ran<'_>) -> Finished {
    let report = ran.report;
    let written = report.references.iter().filter(|one| is_write(&one.outcome));
    let run = Run {
        state: state(report, ran.memory),
        ended: Some(ran.now),
        stages: report
            .stages
            .iter()
            .map(|(stage, took)| {
                let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                (word(StageWord::from(*stage)), millis)
            })
            .collect(),
        bytes: report.bytes,
        written: match ran.request.dry_run {
            true => 0,
            false => u32::try_from(written.count()).unwrap_or(u32::MAX),
        },
        in_sync: report.in_sync,
        exit: Some(report.exit() as u8),
        fault: fault_of(&ran),
        ..ran.run
    };
    Finished {
        run,
        references: kept(report, ran.request.dry_run),
        log: ran.log,
    }
}

/// What is kept of a run's references: all that an undo or an approval needs, and of the others as many as there is room for.
fn kept(report: &Report, dry_run: bool) -> Vec<RunRef> {
    let needed = |one: &&RefReport| !dry_run && (is_replaced(one) || matches!(one.outcome, Outcome::Held));
    let room = KEPT.saturating_sub(report.references.iter().filter(needed).count());
    let mut others = 0;
    let kept = report.references.iter().filter(|one| {
        let fits = needed(one) || others < room;
        others += usize::from(!needed(one));
        fits
    });
    kept.map(|one| of_reference(one, dry_run)).collect()
}

/// Whether a value was replaced or removed, or may have been: an undo is leased on the new value.
fn is_replaced(reference: &RefReport) -> bool {
    reference.old.is_some()
        && matches!(
            reference.outcome,
            Outcome::Updated(_) | Outcome::Deleted | Outcome::Unknown
        )
}

/// A run that could not begin: its inputs cannot be used, or its hosts may not be asked.
pub(crate) fn refused_setup(
    run: Run,
    kind: &str,
    message: String,
    advice: Option<String>,
    now: store::Time,
) -> Run {
    Run {
        state: State::Failed,
        ended: Some(now),
        exit: Some(1),
        fault: Some(run::Fault {
            side: None,
            stage: None,
            kind: kind.to_owned(),
            message,
            advice,
            retry: false,
        }),
        ..run
    }
}

/// A fault in one line.
fn line(error: &Error) -> String {
    sanitize(error.to_string())
}

/// The stable word of a fault.
pub(crate) fn kind(error: &Error) -> String {
    word(ErrorKind::from(&error.kind))
}

/// What made a run fail, if it did: what ended it, or what kept a reference from being written for a reason that may pass.
pub(super) fn fault_of(ran: &Ran<'_>) -> Option<run::Fault> {
    match &ran.report.error {
        Some(error) => Some(fault(error, ran)),
        None => unwritten(ran),
    }
}

/// The first reference that failed, of a run that came to its end.
fn unwritten(ran: &Ran<'_>) -> Option<run::Fault> {
    let references = ran.report.references.iter();
    let mut failed = references.filter(|one| waiting::end(one, ran.memory) == State::Failed);
    let first = failed.next()?;
    let more = match failed.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let (side, advice) = match &first.outcome {
        Outcome::Rejected(rejection) => (
            Some(first.to.to_string()),
            rejection
                .advice()
                .unwrap_or("look at what the server said, and mend that there"),
        ),
        _ => (None, "run again: what was written already is seen and left"),
    };
    Some(run::Fault {
        side,
        stage: Some(word(StageWord::Report)),
        kind: word(OutcomeWord::from(&first.outcome)),
        message: format!(
            "{} was not written to the {}{more}: {}",
            visible(first.name.as_bytes()),
            first.to,
            sanitize(first.outcome.to_string())
        ),
        advice: Some(advice.to_owned()),
        retry: matches!(ran.claim.work, Work::Due(_)),
    })
}

/// A fault as people and programs read it.
fn fault(error: &Error, ran: &Ran<'_>) -> run::Fault {
    run::Fault {
        side: Some(error.side.to_string()),
        stage: Some(word(StageWord::from(error.stage))),
        kind: kind(error),
        message: line(error),
        advice: advice(error, ran),
        retry: error.retry() != Retry::Never,
    }
}

/// What to do next, in the words of a service, and the command that shows the same by hand.
fn advice(error: &Error, ran: &Ran<'_>) -> Option<String> {
    let credential = credential(ran, error.side);
    let with = credential.as_ref().map_or_else(
        || "the repository has no credential: add one for its host to the configuration".to_owned(),
        |name| format!("check the token of the credential `{name}` (expired? revoked?)"),
    );
    let advice = match &error.kind {
        Fault::Unauthorized { .. } | Fault::LoginPage { .. } => Some(with),
        Fault::NotFound { .. } => Some(format!(
            "check the address; hosts also answer this to a token that may not see the repository: {with}"
        )),
        Fault::Empty => Some(format!(
            "if it is not empty, the credentials may not see it: {with}"
        )),
        Fault::Tls { .. } => Some(
            "if the server's certificate comes from your own authority, name it as the credential's caFile; if it wants a client certificate, as clientCert"
                .into(),
        ),
        Fault::TimedOut { .. } => Some("if the server only needs longer, raise the mirror's timeouts".into()),
        Fault::TooLarge { .. } => Some("raise the server's limit, or leave out what is too large".into()),
        Fault::NoAtomic => Some("leave out `atomic`".into()),
        // Whether its reason is heard before the connection ends is a matter of luck, and over HTTP/2 it never is.
        Fault::HungUp { .. } if error.stage == Stage::Observe && shows_no_certificate(ran, error.side) => Some(
            "it is tried again by itself; a server that wants a client certificate hangs up like this: name it as the credential's clientCert"
                .into(),
        ),
        Fault::HungUp { .. } | Fault::PackCut { .. } => {
            Some("it is tried again by itself; what was not confirmed was not written".into())
        }
        _ => error.advice(),
    };
    let mut lines: Vec<String> = advice.into_iter().collect();
    lines.extend(
        by_hand::looking(&ran.request.ends.of(error.side).url).map(|command| by_hand::told(&command)),
    );
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether a side is asked over TLS without a certificate of refsync's own.
fn shows_no_certificate(ran: &Ran<'_>, side: Side) -> bool {
    let end = ran.request.ends.of(side);
    matches!(&end.url, RemoteUrl::Http { url, .. } if url.scheme() == "https") && end.client_cert.is_none()
}

fn credential(ran: &Ran<'_>, side: Side) -> Option<String> {
    match (ran.mirror, side) {
        (Some(mirror), side) => mirror
            .ends
            .of(side)
            .credential
            .as_ref()
            .map(|one| one.name.clone()),
        (None, Side::Source) => ran.run.inputs.source_credential.clone(),
        (None, Side::Target) => ran.run.inputs.target_credential.clone(),
    }
}

fn of_reference(reference: &RefReport, dry_run: bool) -> RunRef {
    RunRef {
        name: reference.name.clone(),
        to: reference.to,
        old: reference.old,
        new: reference.new,
        outcome: word(OutcomeWord::from(&reference.outcome)),
        text: text(reference, dry_run),
        remote: match &reference.outcome {
            Outcome::Rejected(rejection) => Some(sanitize(rejection.raw.clone())),
            _ => None,
        },
        replaced: !dry_run && is_replaced(reference),
    }
}

fn text(reference: &RefReport, dry_run: bool) -> String {
    let text = said(&reference.outcome, dry_run);
    match &reference.outcome {
        Outcome::Rejected(rejection) => match rejection.advice() {
            Some(advice) => format!("{text}: {advice}"),
            None => text,
        },
        _ => text,
    }
}

/// What became of a reference, in words; of a dry run, what would have.
pub(crate) fn said(outcome: &Outcome, dry_run: bool) -> String {
    let text = sanitize(outcome.to_string());
    match dry_run && (is_write(outcome) || matches!(outcome, Outcome::Held)) {
        true => format!("would be {text}"),
        false => text,
    }
}

fn is_write(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Created | Outcome::Updated(_) | Outcome::Deleted)
}

/// The stable word of a value.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
