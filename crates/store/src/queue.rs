//! The queue: one row per mirror with its due references; claims with a lease, a heartbeat and a fence.

use std::collections::BTreeMap;

mod claim;
mod finish;
mod mark;
mod memory;
mod reap;
mod schedule;
mod sweep;
mod told;
pub mod waits;

pub use engine::base::Intent;
use engine::decide::{Base, Moved};
use engine::side::Side;
use gitwire::RefName;
pub use schedule::Schedule;
pub use sweep::{Come, Quiet, Quietly};

use crate::Time;
use crate::conflict::Standing;
use crate::notice::Notices;
use crate::run::{Finished, Run};

pub(crate) use claim::{hold, lost};
pub(crate) use mark::mark;
pub(crate) use reap::{back_off, keep_intents};
pub(crate) use sweep::first_sweep;

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The reference; `None` for the whole scope.
    pub name: Option<RefName>,
    /// What a webhook told of it.
    pub event: Option<(Side, Moved)>,
    /// Who told: `webhook`, `sweep`, `schedule`, `person`, `retry`, `demo`.
    pub trigger: String,
    /// The delivery that told it.
    pub delivery: Option<String>,
}

/// What became of something due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It is new in the queue.
    Queued,
    /// The reference was due already.
    Coalesced,
    /// Its new value is the reference's base: nothing to do.
    Echo,
}

/// A claim on a mirror (or on a one-off run). Everything that is written under it is fenced by `fence`.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The mirror; `None` for a one-off run.
    pub mirror: Option<String>,
    /// The worker.
    pub worker: String,
    /// Higher with every claim on this row.
    pub fence: i64,
    /// What to do.
    pub work: Work,
}

/// What to do under a claim.
#[derive(Debug, Clone)]
pub enum Work {
    /// A run that a person asked for, in state `queued`.
    Asked(Box<Run>),
    /// All that is due.
    Due(Dues),
}

/// All that is due of a mirror, at the moment of the claim.
#[derive(Debug, Clone, Default)]
pub struct Dues {
    /// The whole scope is due.
    pub all: bool,
    /// References with the events told for each side, oldest first.
    pub names: BTreeMap<RefName, engine::decide::Hints>,
    /// What came later has a higher number and stays due.
    pub up_to: i64,
    /// Who asked, without repetition.
    pub triggers: Vec<String>,
    /// First sight of the oldest.
    pub since: Option<Time>,
    /// The deliveries behind it.
    pub deliveries: Vec<String>,
    /// How often in a row runs failed before this one.
    pub failures: u32,
}

/// What is remembered of a mirror's references: what a run needs.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// What both sides last agreed on, for the mirror's present addresses.
    pub bases: BTreeMap<RefName, Base>,
    /// Writes that were begun and whose end nobody recorded.
    pub intents: BTreeMap<RefName, Intent>,
    /// References that wait for a person, or until a side changes: with the values they had.
    pub standing: Vec<Standing>,
    /// References in scope as of the last full look: what a guard's percentage is of, for a run of a few names.
    pub references: u64,
}

/// How a heartbeat was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Go on.
    Mine,
    /// Go on no more: a person wants the run to end.
    Cancelled,
    /// Another has the claim: stop at once, write nothing.
    Lost,
}

/// What a claim ends with, recorded in one transaction.
///
/// The mirror's count of failures in a row: one more after a run that failed; unchanged without a run where `error` is given
/// (nothing was tried, for instance because the host refused the credential before); else zero.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The finished run; `None` where nothing was worth a run's row (a sweep that found nothing, or nothing was tried).
    pub run: Option<Finished>,
    /// New bases, where they differ from what [`Memory`] gave; `Unknown` forgets one.
    pub bases: BTreeMap<RefName, Base>,
    /// Intents to forget.
    pub intents_done: Vec<RefName>,
    /// References that wait from now on, or still do: a known one with the same reason and values keeps its `since`.
    pub standing: Vec<Standing>,
    /// References that wait no more.
    pub settled: Vec<RefName>,
    /// Due references that stay due, though nothing new came (their source still shows the value before). They keep their hints and
    /// the time of first sight. If empty while `retry_at` is given, all stays due.
    pub stay_due: Vec<RefName>,
    /// When what stays due is tried again, unless something new comes. `None` clears all that was due up to `Dues::up_to`.
    pub retry_at: Option<Time>,
    /// Both sides were seen equal over the whole scope, with so many references.
    pub all_in_sync: Option<u64>,
    /// References in scope, where the run looked at the whole of it without a fault.
    pub looked_at: Option<u64>,
    /// References that a sweep found and no webhook told, for each side's credential.
    pub found_by_sweep: Vec<(String, u64)>,
    /// One line for the mirror's row, if it failed or cannot be tried.
    pub error: Option<String>,
    /// What people are told of the references that wait, and of those that do no more: with the record, since whoever comes after a
    /// crash finds them waiting, and nothing new.
    pub notices: Notices,
}

#[cfg(test)]
pub(crate) mod tests;
