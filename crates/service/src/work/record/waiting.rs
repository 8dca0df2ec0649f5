//! Which references wait, for a person or until a side changes, and which do no more.

use engine::decide::{Base, Direction, Refusal};
use engine::rejection::{RejectReason, Rejection};
use engine::report::{Exit, Outcome, RefReport};
use gitwire::RefName;
use gitwire::message::sanitize;
use store::conflict::{Standing, Why};
use store::queue::Memory;
use store::run::{Order, State};

use super::{Ran, is_covered, is_full, is_looked_at};

/// The changes to what waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// What waits from now on; what waits already in just the same way is left out.
    pub(super) standing: Vec<Standing>,
    /// What waits no more.
    pub(super) settled: Vec<RefName>,
}

/// What becomes of what waits.
pub(super) fn waiting(ran: &Ran<'_>) -> Waiting {
    let mut waiting = Waiting::default();
    let mut still = std::collections::BTreeSet::new();
    for reference in &ran.report.references {
        match fate(reference, ran) {
            Fate::Waits(why) => {
                still.insert(&reference.name);
                let standing = standing(reference, why, ran);
                if !is_known(&Some(standing.clone()), ran.memory) {
                    waiting.standing.push(standing);
                }
            }
            Fate::Undecided => {
                still.insert(&reference.name);
            }
            Fate::Settled => {}
        }
    }
    for standing in &ran.memory.standing {
        let name = &standing.name;
        let gone = is_full(ran) && ran.report.error.is_none() && !is_covered(ran, name);
        if !still.contains(name) && (is_looked_at(ran, name) || gone) {
            waiting.settled.push(name.clone());
        }
    }
    waiting
}

/// How a reference that waits is written down; `None` if it does not wait.
pub(super) fn kept(reference: &RefReport, ran: &Ran<'_>) -> Option<Standing> {
    match fate(reference, ran) {
        Fate::Waits(why) => Some(standing(reference, why, ran)),
        Fate::Undecided | Fate::Settled => None,
    }
}

/// Whether that is what is remembered already.
pub(super) fn is_known(standing: &Option<Standing>, memory: &Memory) -> bool {
    let Some(standing) = standing else { return false };
    memory.standing.iter().any(|before| {
        before.name == standing.name && before.why == standing.why && before.seen == standing.seen
    })
}

/// What one reference means for how the run ended.
pub(super) fn end(reference: &RefReport, memory: &Memory) -> State {
    match &reference.outcome {
        Outcome::NotWritten | Outcome::Unknown => State::Failed,
        // It is tried again, as after any failure, and told of once it lasts.
        Outcome::Rejected(rejection) if is_written_again(rejection) => State::Failed,
        Outcome::Held => State::Held,
        Outcome::Refused(_) | Outcome::Rejected(_) | Outcome::LeaseLost { .. } => State::Refused,
        Outcome::Standing => {
            let held = |one: &Standing| one.name == reference.name && one.why == Why::Held;
            match memory.standing.iter().any(held) {
                true => State::Held,
                false => State::Refused,
            }
        }
        _ => State::Succeeded,
    }
}

/// Whether trying a rejected write again can help though neither side changed: a full disk, a lock that another push held.
pub(super) fn is_written_again(rejection: &Rejection) -> bool {
    matches!(rejection.reason, RejectReason::DiskFull | RejectReason::Other)
}

enum Fate {
    /// It waits, for this reason.
    Waits(Why),
    /// This run did not settle it: what was remembered holds.
    Undecided,
    /// Nothing is to be waited for.
    Settled,
}

fn fate(reference: &RefReport, ran: &Ran<'_>) -> Fate {
    if is_undone(reference, ran) {
        // Otherwise the next sweep would do again what was undone.
        return Fate::Waits(Why::Refused);
    }
    match &reference.outcome {
        Outcome::Refused(refusal) => of_refusal(*refusal),
        Outcome::Rejected(rejection) if is_written_again(rejection) => Fate::Undecided,
        Outcome::Rejected(_) => Fate::Waits(Why::Rejected),
        Outcome::Held => Fate::Waits(Why::Held),
        Outcome::DeletionSkipped => Fate::Waits(Why::Deletion),
        Outcome::LeftAlone => Fate::Waits(match ran.request.direction {
            // Only a reference whose other end was deleted is left alone there.
            Direction::TwoWay => Why::Deletion,
            Direction::OneWay => Why::TargetOnly,
        }),
        Outcome::LeaseLost { .. } | Outcome::Standing | Outcome::NotWritten | Outcome::Unknown => {
            Fate::Undecided
        }
        Outcome::UpToDate
        | Outcome::Created
        | Outcome::Updated(_)
        | Outcome::Deleted
        | Outcome::AlreadyThere => Fate::Settled,
    }
}

/// Whether a person had a value put back.
fn is_undone(reference: &RefReport, ran: &Ran<'_>) -> bool {
    matches!(ran.run.inputs.order, Some(Order::Undo { .. })) && reference.exit() == Exit::InSync
}

fn of_refusal(refusal: Refusal) -> Fate {
    match refusal {
        Refusal::Conflict | Refusal::OutOfSync | Refusal::NotFastForward | Refusal::Unproven => {
            Fate::Waits(Why::Conflict)
        }
        Refusal::ForceNever
        | Refusal::Symbolic
        | Refusal::MaybeSymbolic
        | Refusal::NoDelete
        | Refusal::NameCollision => Fate::Waits(Why::Refused),
        // The one that failed waits; the others go with it. The rest is over in a moment, or was never tried.
        Refusal::Atomic | Refusal::Unsteady | Refusal::Moved => Fate::Undecided,
    }
}

fn standing(reference: &RefReport, why: Why, ran: &Ran<'_>) -> Standing {
    let before = ran.memory.standing.iter().find(|one| one.name == reference.name);
    let since = before
        .filter(|one| one.why == why)
        .map_or(ran.now, |one| one.since);
    // What both last agreed on is of use to people when it cannot be relied on any more, too.
    let base = match ran.memory.bases.get(&reference.name) {
        Some(base @ Base::Agreed(_)) => *base,
        other => before.map_or(other.copied().unwrap_or_default(), |one| one.base),
    };
    let mut seen = reference.seen;
    let text = match is_undone(reference, ran) {
        true => {
            *seen.of_mut(reference.to) = reference.new;
            "undone: it waits until a side changes".to_owned()
        }
        false => sanitize(reference.outcome.to_string()),
    };
    Standing {
        name: reference.name.clone(),
        why,
        seen,
        base,
        text,
        run: ran.run.id.clone(),
        since,
    }
}
