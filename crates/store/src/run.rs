//! Runs: asked for, under way, finished; their references and logs.

mod hours;
mod list;
mod log;
mod prune;
mod row;

use engine::side::Side;
use gitwire::{Oid, RefName};
use serde::{Deserialize, Serialize};

use crate::Time;

pub use hours::HourOfRuns;
pub(crate) use log::note;
pub(crate) use row::{from_row, record};

/// The life of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Asked for by a person; no worker has it yet.
    Queued,
    /// Under way.
    Running,
    /// In sync.
    Succeeded,
    /// Some references were refused, by refsync or a server, or conflict.
    Refused,
    /// The guard holds some references until a person approves.
    Held,
    /// A fault.
    Failed,
    /// By a person, or a stopping process that will begin anew.
    Cancelled,
}

/// What a run was given. Secrets as names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Inputs {
    /// The input set it came from.
    pub input_set: Option<String>,
    /// The source's address.
    pub source_url: String,
    /// Its credential's name.
    pub source_credential: Option<String>,
    /// The target's address.
    pub target_url: String,
    /// Its credential's name.
    pub target_credential: Option<String>,
    /// From target to source.
    pub reverse: bool,
    /// Patterns or names; empty for the mirror's scope.
    pub references: Vec<String>,
    /// The old SHA that was given.
    pub reference_sha_old: Option<String>,
    /// Whether deletions are mirrored, if not as the mirror has it.
    pub sync_delete: Option<bool>,
    /// `never`, `lease` or `always`, if not as the mirror has it.
    pub force: Option<String>,
    /// All or none.
    pub atomic: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// What a person ordered, beside mirroring.
    pub order: Option<Order>,
    /// Events and old values, as told by webhooks, for people to see: `refs/heads/main 1a2b → 3c4d`.
    pub told: Vec<String>,
}

/// What a person ordered. Every write is leased on the values given here, which were shown to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Order {
    /// Release what a run holds.
    Approve {
        /// That run.
        run: String,
    },
    /// Put back what a run replaced.
    Undo {
        /// That run.
        run: String,
    },
    /// Settle a conflict.
    #[serde(rename_all = "camelCase")]
    Resolve {
        /// The reference.
        reference: String,
        /// The side whose value both get.
        take: String,
        /// Whether the other value is parked on both sides first.
        keep_both: bool,
        /// The source's value as shown; `None` if absent.
        source: Option<String>,
        /// The target's value as shown.
        target: Option<String>,
    },
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// A UUID of version 7: sorts by time.
    pub id: String,
    /// The mirror; `None` for a one-off run.
    pub mirror: Option<String>,
    /// `webhook`, `sweep`, `schedule`, `person`, `rerun`, `approve`, `undo`, `resolve`, `retry`.
    pub trigger: String,
    /// Who, if a person asked.
    pub actor: Option<String>,
    /// What it was given.
    pub inputs: Inputs,
    /// How it is.
    pub state: State,
    /// When it was asked for, or first due.
    pub created: Time,
    /// When it began.
    pub started: Option<Time>,
    /// When it ended.
    pub ended: Option<Time>,
    /// The process that ran it.
    pub worker: Option<String>,
    /// Steps with their length in milliseconds.
    pub stages: Vec<(String, u64)>,
    /// Bytes of packs.
    pub bytes: u64,
    /// References written.
    pub written: u32,
    /// References in scope seen equal.
    pub in_sync: u64,
    /// The exit code `refsync sync` would have had.
    pub exit: Option<u8>,
    /// The fault that ended it.
    pub fault: Option<Fault>,
    /// The run that this one approves, undoes or repeats.
    pub of: Option<String>,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// A fault, as people and programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// `source` or `target`; `None` for refsync's own.
    pub side: Option<String>,
    /// During which step.
    pub stage: Option<String>,
    /// A stable word for it: `unauthorized`.
    pub kind: String,
    /// A sentence.
    pub message: String,
    /// What to do next.
    pub advice: Option<String>,
    /// Whether it will be tried again by itself.
    pub retry: bool,
}

/// What became of one reference in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRef {
    /// Its name.
    pub name: RefName,
    /// The side that was written, or would have been.
    pub to: Side,
    /// The value before: the lease.
    pub old: Option<Oid>,
    /// The value it got, or was to get.
    pub new: Option<Oid>,
    /// A stable word: `created`, `updated`, `deleted`, `refused`, …
    pub outcome: String,
    /// In words.
    pub text: String,
    /// The server's own words.
    pub remote: Option<String>,
    /// Whether a value was replaced or removed: what `undo` puts back.
    pub replaced: bool,
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// From 1.
    pub number: u32,
    /// When.
    pub at: Time,
    /// `info`, `remote`, `warning`, `error`.
    pub level: String,
    /// The text, without control characters and secrets.
    pub text: String,
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The run, as it ended.
    pub run: Run,
    /// Its references: those that differed or were named; at most 10,000, but for those that were replaced or are held.
    pub references: Vec<RunRef>,
    /// Log lines not yet stored.
    pub log: Vec<LogLine>,
}

/// Which runs.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this mirror.
    pub mirror: Option<String>,
    /// In any of these states.
    pub states: Vec<State>,
    /// Created at this time or later.
    pub since: Option<Time>,
}

#[cfg(test)]
mod tests;
