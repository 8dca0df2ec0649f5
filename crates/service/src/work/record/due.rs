//! What stays due, and when it is tried again.

use std::time::Duration;

use engine::decide::{Hints, Moved, OldValue, Refusal};
use engine::error::{Fault, Retry};
use engine::report::{Outcome, RefReport};
use engine::side::Side;
use gitwire::RefName;
use store::Time;
use store::queue::Dues;

use super::Ran;
use super::waiting::is_written_again;
use crate::work::retry::{after_age, after_failures, after_stale, after_unlikely};

/// What stays due.
#[derive(Debug, Default)]
pub(super) struct Staying {
    /// These alone; all, if empty while there is a time.
    pub(super) names: Vec<RefName>,
    /// When it is tried again; `None` if nothing stays due.
    pub(super) retry_at: Option<Time>,
}

/// What stays due after a run.
pub(super) fn staying(ran: &Ran<'_>, dues: &Dues) -> Staying {
    if let Some(error) = &ran.report.error {
        return Staying {
            names: Vec::new(),
            retry_at: Some(ran.now + after_fault(&error.kind, dues, ran)),
        };
    }
    let age = age(dues, ran.now);
    let waits = ran.report.references.iter().filter_map(|reference| {
        let wait = if is_refused_for_now(&reference.outcome) {
            Some(after_failures(dues.failures.saturating_add(1), ran.dice))
        } else if is_unsettled(&reference.outcome) {
            Some(after_age(age, ran.dice))
        } else if dues
            .names
            .get(&reference.name)
            .is_some_and(|hints| is_stale(reference, hints))
        {
            after_stale(age, ran.dice)
        } else {
            None
        };
        Some((&reference.name, wait?))
    });
    let waits: Vec<(&RefName, Duration)> = waits.collect();
    let retry_at = waits.iter().map(|(_, wait)| ran.now + *wait).min();
    let known = waits.iter().all(|(name, _)| dues.names.contains_key(*name));
    Staying {
        // A sweep is due as a whole: then it stays so.
        names: match known {
            true => waits.iter().map(|(name, _)| (*name).clone()).collect(),
            false => Vec::new(),
        },
        retry_at,
    }
}

/// How long to wait after a fault that ended a run.
fn after_fault(fault: &Fault, dues: &Dues, ran: &Ran<'_>) -> Duration {
    let failures = dues.failures.saturating_add(1);
    match fault.retry() {
        Retry::Later => after_failures(failures, ran.dice),
        Retry::After(told) => told.max(after_failures(failures, ran.dice)),
        Retry::Never => after_unlikely(failures, ran.dice),
    }
}

fn age(dues: &Dues, now: Time) -> Duration {
    let since = dues.since.map_or(now.0, |since| since.0);
    Duration::from_millis(u64::try_from(now.0.saturating_sub(since)).unwrap_or(0))
}

/// Whether a reference must be tried again soon, though neither side need change for it.
fn is_unsettled(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::LeaseLost { .. }
            | Outcome::NotWritten
            | Outcome::Unknown
            | Outcome::Refused(Refusal::Unsteady)
    )
}

/// Whether the server may take it later.
fn is_refused_for_now(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Rejected(rejection) if is_written_again(rejection))
}

/// Whether a side still shows what a webhook called its old value, and no other event explains that: a host may list the old value
/// for a while after it told of the new one.
fn is_stale(reference: &RefReport, hints: &Hints) -> bool {
    [Side::Source, Side::Target].into_iter().any(|side| {
        let seen = *reference.seen.of(side);
        let events: &[Moved] = hints.events.of(side);
        let shows = seen.map_or(OldValue::Absent, OldValue::At);
        let from_here = |event: &Moved| event.old == shows && event.new != seen;
        let to_here = |event: &Moved| event.new == seen;
        events.iter().any(from_here) && !events.iter().any(to_here)
    })
}
