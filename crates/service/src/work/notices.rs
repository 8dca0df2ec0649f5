//! What people are told of, once for each cause, and what is over: a pure function from what a run came to.

use std::time::Duration;

use gitwire::Oid;
use store::Time;
use store::conflict::{Standing, Why};
use store::notice::{Notices, Raised};
use store::queue::{Claim, Dues, Memory, Outcome, Work};

use super::made::Trouble;
use crate::output::names::visible;

/// So many failures in a row are told of.
const FAILURES: u32 = 3;

/// So is one that lasts so long.
const LONG: Duration = Duration::from_secs(5 * 60);

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
    let (cause, text) = match trouble {
        Trouble::Token { credential, status } => return Some(of_token(credential, *status)),
        Trouble::Secret { credential, reason } => (
            format!("credential {credential} unreadable"),
            format!("the token of the credential `{credential}` cannot be read: {reason}"),
        ),
        Trouble::Host { host, kind, message } => (format!("host {host} {kind}"), message.clone()),
        Trouble::Own { kind, message } => (format!("{}{kind}", own(mirror)), message.clone()),
    };
    is_lasting(dues, now).then_some(Raised {
        cause,
        event: "failure",
        text,
    })
}

/// Whether a failure is one of the mirror itself, and not of a host or a credential.
pub(super) fn is_own(cause: &str, mirror: &str) -> bool {
    cause.starts_with(&own(mirror))
}

/// How the causes of a mirror's own failures begin.
fn own(mirror: &str) -> String {
    format!("mirror {mirror} ")
}

/// Of a token that was refused: at once, since it is not tried again.
pub(super) fn of_token(credential: &str, status: u16) -> Raised {
    Raised {
        cause: token_cause(credential, status),
        event: "failure",
        text: format!(
            "the host refuses the token of the credential `{credential}` ({status}): give it a valid one"
        ),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::tests::fixture::{NOW, claim, dues, name, seen};
    use engine::decide::Base;

    fn standing(branch: &str, why: Why, source: char, target: char) -> Standing {
        Standing {
            name: name(branch),
            why,
            seen: seen(source, target),
            base: Base::Unknown,
            text: "conflict: both sides changed".into(),
            run: "r1".into(),
            since: NOW,
        }
    }

    fn notices(before: &[Standing], new: &[Standing], settled: &[&str]) -> Notices {
        let memory = Memory {
            standing: before.to_vec(),
            ..Memory::default()
        };
        let outcome = Outcome {
            standing: new.to_vec(),
            settled: settled.iter().map(|branch| name(branch)).collect(),
            ..Outcome::default()
        };
        of_waiting("app", &memory, &outcome)
    }

    #[test]
    fn a_conflict_is_one_cause_for_its_two_values() {
        let first = standing("main", Why::Conflict, 'b', 'a');
        let moved = standing("main", Why::Conflict, 'c', 'a');
        let one = notices(&[], std::slice::from_ref(&first), &[]);
        assert_eq!(
            one.raised[0].cause,
            "conflict app refs/heads/main bbbbbbbbbb aaaaaaaaaa"
        );
        let other = notices(std::slice::from_ref(&first), &[moved], &[]);
        assert_eq!(other.settled, [one.raised[0].cause.clone()]);
        assert_eq!(notices(&[first], &[], &["main"]).settled, other.settled);
    }

    #[test]
    fn a_held_run_is_one_cause_that_is_over_with_its_last_reference() {
        let held = ["a", "b"].map(|branch| standing(branch, Why::Held, '-', 'a'));
        let raised = notices(&[], &held, &[]).raised;
        assert_eq!(raised.len(), 1);
        assert!(raised[0].text.contains("approve the run r1"));
        assert!(notices(&held, &[], &["a"]).settled.is_empty());
        assert_eq!(notices(&held, &[], &["a", "b"]).settled, ["held app r1"]);
    }

    #[test]
    fn what_the_server_rejects_is_shown_and_not_sent() {
        let rejected = standing("main", Why::Rejected, 'b', 'a');
        assert_eq!(notices(&[], &[rejected], &[]), Notices::default());
    }

    fn failure(failures: u32, age: i64, trouble: &Trouble) -> Option<String> {
        let mut dues = dues(&[]);
        dues.failures = failures;
        dues.since = Some(Time(NOW.0 - age * 1_000));
        of_trouble("app", &claim(Work::Due(dues)), trouble, NOW).map(|raised| raised.cause)
    }

    #[test]
    fn a_failure_is_told_after_three_or_after_five_minutes() {
        let down = Trouble::Host {
            host: "ghe.example".into(),
            kind: "connection-refused".into(),
            message: "x".into(),
        };
        assert_eq!(failure(1, 10, &down), None);
        let cause = Some("host ghe.example connection-refused".to_owned());
        assert_eq!(failure(2, 10, &down), cause);
        assert_eq!(failure(0, 300, &down), cause);
    }

    #[test]
    fn a_refused_token_is_told_at_once_since_it_is_not_tried_again() {
        let refused = Trouble::Token {
            credential: "ghe".into(),
            status: 401,
        };
        assert_eq!(failure(0, 0, &refused).as_deref(), Some("credential ghe 401"));
    }
}
