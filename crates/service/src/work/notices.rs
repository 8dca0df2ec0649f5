//! What people are told of, once for each cause, and what is over: a pure function from what a run came to.

use std::time::Duration;

use gitwire::Oid;
use store::Time;
use store::conflict::{Standing, Why};
use store::queue::{Claim, Dues, Memory, Outcome, Work};

use super::attempt::Trouble;
use crate::output::names::visible;

/// So many failures in a row are told of.
const FAILURES: u32 = 3;

/// So is one that lasts so long.
const LONG: Duration = Duration::from_secs(5 * 60);

/// Something people are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raised {
    /// What makes it the same.
    pub(super) cause: String,
    /// `conflict`, `held`, `failure`.
    pub(super) event: &'static str,
    /// A sentence.
    pub(super) text: String,
}

/// What a run changes of what people are told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Notices {
    /// Causes that exist.
    pub(super) raised: Vec<Raised>,
    /// Causes that are over for this mirror.
    pub(super) settled: Vec<String>,
}

/// Of references that wait.
pub(super) fn of_waiting(mirror: &str, memory: &Memory, outcome: &Outcome) -> Notices {
    let mut notices = Notices::default();
    let before = |new: &Standing| memory.standing.iter().find(|one| one.name == new.name);
    for standing in &outcome.standing {
        if let Some(raised) = raised(mirror, standing) {
            notices.raised.push(raised);
        }
        notices
            .settled
            .extend(before(standing).and_then(|old| cause(mirror, old)));
    }
    for name in &outcome.settled {
        let old = memory.standing.iter().find(|one| one.name == *name);
        notices.settled.extend(old.and_then(|old| cause(mirror, old)));
    }
    // A run's held references are one cause: over with the last of them.
    for standing in &memory.standing {
        let moved = outcome.settled.contains(&standing.name)
            || outcome.standing.iter().any(|one| one.name == standing.name);
        if let (false, Some(still)) = (moved, cause(mirror, standing)) {
            notices.settled.retain(|cause| *cause != still);
        }
    }
    let raised: Vec<String> = notices.raised.iter().map(|one| one.cause.clone()).collect();
    notices.settled.retain(|cause| !raised.contains(cause));
    notices.raised.dedup();
    notices.settled.sort();
    notices.settled.dedup();
    notices
}

/// Of a failure, once it is worth telling.
pub(super) fn of_trouble(mirror: &str, claim: &Claim, trouble: &Trouble, now: Time) -> Option<Raised> {
    let Work::Due(dues) = &claim.work else { return None };
    let (cause, text, at_once) = match trouble {
        Trouble::Token { credential, status } => (
            token_cause(credential, *status),
            format!(
                "the host refuses the token of the credential `{credential}` ({status}): give it a valid one"
            ),
            true,
        ),
        Trouble::Secret { credential, reason } => (
            format!("credential {credential} unreadable"),
            format!("the token of the credential `{credential}` cannot be read: {reason}"),
            false,
        ),
        Trouble::Host { host, kind, message } => (format!("host {host} {kind}"), message.clone(), false),
        Trouble::Own { kind, message } => (format!("mirror {mirror} {kind}"), message.clone(), false),
    };
    (at_once || is_lasting(dues, now)).then_some(Raised {
        cause,
        event: "failure",
        text,
    })
}

/// What makes the refusals of a credential's token the same.
pub(super) fn token_cause(credential: &str, status: u16) -> String {
    format!("credential {credential} {status}")
}

fn is_lasting(dues: &Dues, now: Time) -> bool {
    let long = dues.since.is_some_and(|since| since + LONG <= now);
    dues.failures.saturating_add(1) >= FAILURES || long
}

fn raised(mirror: &str, standing: &Standing) -> Option<Raised> {
    let name = visible(standing.name.as_bytes());
    let (event, text) = match standing.why {
        Why::Conflict => ("conflict", format!("{name} of {mirror}: {}", standing.text)),
        Why::Held => (
            "held",
            format!(
                "{mirror} would lose too much at once: approve the run {} or put back what is missing",
                standing.run
            ),
        ),
        Why::Rejected | Why::Refused | Why::Deletion | Why::TargetOnly => return None,
    };
    Some(Raised {
        cause: cause(mirror, standing)?,
        event,
        text,
    })
}

fn cause(mirror: &str, standing: &Standing) -> Option<String> {
    match standing.why {
        Why::Conflict => Some(format!(
            "conflict {mirror} {} {} {}",
            visible(standing.name.as_bytes()),
            short(standing.seen.source),
            short(standing.seen.target)
        )),
        Why::Held => Some(format!("held {mirror} {}", standing.run)),
        Why::Rejected | Why::Refused | Why::Deletion | Why::TargetOnly => None,
    }
}

fn short(id: Option<Oid>) -> String {
    id.map_or_else(|| "-".to_owned(), |id| id.to_hex_with_len(10).to_string())
}
