//! What is written down of a run: a pure function from the claim, what was remembered and the report to [`Outcome`].

use config::Mirror;
use engine::report::{self, Report};
use engine::request::Request;
use gitwire::RefName;
use store::Time;
use store::queue::{Claim, Dues, Memory, Outcome, Work};
use store::run::{LogLine, Run, State};

use super::retry::Dice;

mod due;
mod row;
mod swept;
#[cfg(test)]
mod tests;
mod waiting;

pub(super) use row::{kind, refused_setup, said};

/// A run that came to its end, with all that its record depends on.
#[derive(Debug)]
pub(super) struct Ran<'a> {
    /// What was claimed.
    pub(super) claim: &'a Claim,
    /// Its mirror; `None` for a one-off run.
    pub(super) mirror: Option<&'a Mirror>,
    /// What the run was asked to do.
    pub(super) request: &'a Request,
    /// What was remembered before.
    pub(super) memory: &'a Memory,
    /// What became of it.
    pub(super) report: &'a Report,
    /// The run's row, as it began.
    pub(super) run: Run,
    /// Log lines that are not stored yet.
    pub(super) log: Vec<LogLine>,
    /// When it ended.
    pub(super) now: Time,
    /// For the waits.
    pub(super) dice: Dice,
}

/// What is written down.
pub(super) fn record(ran: Ran<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    if !ran.request.dry_run {
        let waiting = waiting::waiting(&ran);
        outcome.bases = ran.report.bases.clone();
        outcome.intents_done = ran.report.intents_done.iter().cloned().collect();
        outcome.looked_at = looked_at(&ran);
        outcome.all_in_sync = all_in_sync(&ran);
        outcome.found_by_sweep = swept::found(&ran);
        outcome.standing = waiting.standing;
        outcome.settled = waiting.settled;
    }
    if let Work::Due(dues) = &ran.claim.work {
        let staying = due::staying(&ran, dues);
        outcome.stay_due = staying.names;
        outcome.retry_at = staying.retry_at;
    }
    outcome.error = row::fault_of(&ran).map(|fault| fault.message);
    outcome.run = is_worth_a_row(&ran, &outcome).then(|| row::finished(ran));
    outcome
}

/// How a run ended.
pub(super) fn state(report: &Report, memory: &Memory) -> State {
    if report.error.is_some() {
        return State::Failed;
    }
    let mut state = State::Succeeded;
    for reference in &report.references {
        match waiting::end(reference, memory) {
            State::Failed => return State::Failed,
            State::Held => state = State::Held,
            State::Refused if state != State::Held => state = State::Refused,
            _ => {}
        }
    }
    state
}

/// Whether the run saw what a reference is on both sides.
fn is_looked_at(ran: &Ran<'_>, name: &RefName) -> bool {
    let told = || ran.report.references.iter().any(|one| one.name == *name);
    match ran.report.error {
        None => is_covered(ran, name),
        Some(_) => told() || ran.report.bases.contains_key(name),
    }
}

/// Whether a reference was part of the run.
fn is_covered(ran: &Ran<'_>, name: &RefName) -> bool {
    let narrowed = ran.request.only.as_ref();
    ran.request.orders.contains_key(name)
        || (ran.request.scope.covers(name) && narrowed.is_none_or(|only| only.contains(name)))
}

/// Whether the run looked at the whole scope of its mirror.
fn is_full(ran: &Ran<'_>) -> bool {
    ran.mirror.is_some()
        && ran.request.only.is_none()
        && ran.request.orders.is_empty()
        && ran.run.inputs.references.is_empty()
}

/// How many references are in scope, where the run looked at all of them.
fn looked_at(ran: &Ran<'_>) -> Option<u64> {
    // The smaller side: a guard that takes a part of it for more than it is holds too much rather than too little.
    (is_full(ran) && ran.report.error.is_none()).then(|| ran.report.scope.source.min(ran.report.scope.target))
}

fn all_in_sync(ran: &Ran<'_>) -> Option<u64> {
    let fine = |one: &report::RefReport| {
        use report::Outcome as O;
        matches!(
            one.outcome,
            O::UpToDate
                | O::Created
                | O::Updated(_)
                | O::Deleted
                | O::AlreadyThere
                | O::DeletionSkipped
                | O::LeftAlone
        )
    };
    looked_at(ran).filter(|_| ran.report.references.iter().all(fine))
}

/// A sweep that found nothing new leaves no row.
fn is_worth_a_row(ran: &Ran<'_>, outcome: &Outcome) -> bool {
    let Work::Due(dues) = &ran.claim.work else {
        return true;
    };
    let quiet = is_sweep(dues)
        && ran.report.error.is_none()
        && outcome.standing.is_empty()
        && ran.report.references.iter().all(|one| {
            use report::Outcome as O;
            match one.outcome {
                O::UpToDate | O::DeletionSkipped | O::LeftAlone | O::Standing => true,
                O::Refused(_) => waiting::is_known(&waiting::kept(one, ran), ran.memory),
                _ => false,
            }
        });
    !quiet
}

/// Whether nobody but the clock asked.
pub(super) fn is_sweep(dues: &Dues) -> bool {
    dues.triggers
        .iter()
        .all(|trigger| trigger == "sweep" || trigger == "schedule")
}
