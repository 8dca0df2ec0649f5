//! Runs as JSON: asked for, under way, finished.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::run::State;

use super::{Moment, Side, never_null};

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// A UUID of version 7. Where one is asked for, a unique beginning of at least 6 characters does, too.
    pub(crate) id: String,
    /// The mirror; `null` for a one-off run.
    pub(crate) mirror: Option<String>,
    /// Why it was made: `webhook`, `sweep`, `schedule`, `person`, `rerun`, `approve`, `undo`, `resolve`, `retry`.
    pub(crate) trigger: String,
    /// Who asked, if a person did.
    pub(crate) actor: Option<String>,
    /// What it was given. Secrets as names.
    pub(crate) inputs: RunInputs,
    /// How it is.
    pub(crate) state: RunState,
    /// When it was asked for, or first due.
    pub(crate) created_at: Moment,
    /// When it began.
    pub(crate) started_at: Option<Moment>,
    /// When it ended.
    pub(crate) ended_at: Option<Moment>,
    /// The process that ran it.
    pub(crate) worker: Option<String>,
    /// Steps that it took, in order.
    pub(crate) stages: Vec<StageTime>,
    /// Bytes of packs.
    pub(crate) bytes: u64,
    /// References written.
    pub(crate) written: u32,
    /// References in scope seen equal.
    pub(crate) in_sync: u64,
    /// The exit code that `refsync sync` would have had: 0 in sync, 1 a fault, 2 not a fast-forward, 3 out of sync. `null` before the end.
    pub(crate) exit_code: Option<u8>,
    /// The fault that ended it.
    pub(crate) fault: Option<Fault>,
    /// The run that this one approves, undoes or repeats.
    pub(crate) of: Option<String>,
    /// The attempt, from 1.
    pub(crate) attempt: u32,
}

/// The life of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RunState {
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

impl From<State> for RunState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Running => Self::Running,
            State::Succeeded => Self::Succeeded,
            State::Refused => Self::Refused,
            State::Held => Self::Held,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

impl RunState {
    /// All, in the order of a run's life.
    pub(crate) const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Refused,
        Self::Held,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word for it: `succeeded`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state as the database has it.
    pub(crate) fn stored(self) -> State {
        match self {
            Self::Queued => State::Queued,
            Self::Running => State::Running,
            Self::Succeeded => State::Succeeded,
            Self::Refused => State::Refused,
            Self::Held => State::Held,
            Self::Failed => State::Failed,
            Self::Cancelled => State::Cancelled,
        }
    }

    /// Whether nothing will change any more.
    pub(crate) fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageTime {
    /// `observe`, `decide`, `relay`, `report`.
    pub(crate) name: String,
    /// How long it took, in milliseconds.
    pub(crate) milliseconds: u64,
}

/// A fault that ended a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fault {
    /// `source` or `target`; `null` for refsync's own.
    pub(crate) side: Option<String>,
    /// During which step.
    pub(crate) stage: Option<String>,
    /// A stable word for it: `unauthorized`.
    pub(crate) kind: String,
    /// A sentence.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) advice: Option<String>,
    /// Whether it will be tried again by itself.
    pub(crate) retry: bool,
}

/// When a value may be replaced that cannot be fast-forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Force {
    /// Never.
    Never,
    /// If it is the value that was told or agreed on.
    Lease,
    /// Always, leased on the value just observed.
    Always,
}

/// What a run was given. Secrets as names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunInputs {
    /// The input set it came from.
    pub(crate) input_set: Option<String>,
    /// The source's address.
    pub(crate) source_url: String,
    /// Its credential's name.
    pub(crate) source_credential: Option<String>,
    /// The target's address.
    pub(crate) target_url: String,
    /// Its credential's name.
    pub(crate) target_credential: Option<String>,
    /// From target to source.
    pub(crate) reverse: bool,
    /// Patterns or names; empty for the mirror's scope.
    pub(crate) references: Vec<String>,
    /// The old SHA that was given.
    pub(crate) reference_sha_old: Option<String>,
    /// Whether deletions are mirrored, if not as the mirror has it.
    pub(crate) sync_delete: Option<bool>,
    /// `never`, `lease` or `always`, if not as the mirror has it.
    pub(crate) force: Option<String>,
    /// All or none.
    pub(crate) atomic: bool,
    /// Write nothing.
    pub(crate) dry_run: bool,
    /// What a person ordered, beside mirroring.
    pub(crate) order: Option<Order>,
    /// Events and old values, as told by webhooks: `refs/heads/main 1a2b → 3c4d`.
    pub(crate) told: Vec<String>,
}

/// What a person ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Order {
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
        /// The side whose value both get: `source` or `target`.
        take: String,
        /// Whether the other value is parked on both sides first.
        keep_both: bool,
        /// The source's value as shown; `null` if absent.
        source: Option<String>,
        /// The target's value as shown.
        target: Option<String>,
    },
}

/// What became of one reference in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunReference {
    /// The full name.
    pub(crate) name: String,
    /// The side that was written, or would have been.
    pub(crate) to: Side,
    /// The value before: the lease. `null` if it was absent.
    pub(crate) old: Option<String>,
    /// The value it got, or was to get; `null` for a deletion.
    pub(crate) new: Option<String>,
    /// A stable word: `created`, `updated`, `deleted`, `refused`, …
    pub(crate) outcome: String,
    /// In words.
    pub(crate) text: String,
    /// The server's own words.
    pub(crate) remote: Option<String>,
    /// Whether a value was replaced or removed: what `undo` puts back.
    pub(crate) replaced: bool,
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogLine {
    /// From 1.
    pub(crate) number: u32,
    /// When.
    pub(crate) at: Moment,
    /// `info`, `remote`, `warning`, `error`.
    pub(crate) level: String,
    /// The text, without control characters and secrets.
    pub(crate) text: String,
}

/// What a run by hand is given. What is left out is the input set's, then the mirror's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct RunRequest {
    /// An input set of the mirror; `forward` if left out.
    #[serde(deserialize_with = "never_null", skip_serializing_if = "Option::is_none")]
    pub(crate) input_set: Option<String>,
    /// From target to source. Two-way mirrors alone.
    #[serde(deserialize_with = "never_null", skip_serializing_if = "Option::is_none")]
    pub(crate) reverse: Option<bool>,
    /// Full names or patterns. An empty list, an empty text, `null` and an expression left unresolved (`<+…>`) are errors, never "everything".
    #[serde(deserialize_with = "never_null", skip_serializing_if = "Option::is_none")]
    pub(crate) references: Option<Vec<String>>,
    /// The value that the one reference had before; zeros mean that it did not exist, empty means not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference_sha_old: Option<String>,
    /// Whether deletions are mirrored.
    #[serde(deserialize_with = "never_null", skip_serializing_if = "Option::is_none")]
    pub(crate) sync_delete: Option<bool>,
    /// When values may be replaced.
    #[serde(deserialize_with = "never_null", skip_serializing_if = "Option::is_none")]
    pub(crate) force: Option<Force>,
    /// All references or none.
    #[serde(deserialize_with = "never_null", skip_serializing_if = "Option::is_none")]
    pub(crate) atomic: Option<bool>,
    /// Decide, and write nothing.
    #[serde(deserialize_with = "never_null", skip_serializing_if = "Option::is_none")]
    pub(crate) dry_run: Option<bool>,
}

/// A one-off run: all its variables are given, tokens by the names of credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OneOffRequest {
    /// The address where references are read. Its host must have a credential or stand in `allowHosts`.
    pub(crate) source_url: String,
    /// The name of the source's credential; the one whose host matches if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_credential: Option<String>,
    /// The address where references are written.
    pub(crate) target_url: String,
    /// The name of the target's credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target_credential: Option<String>,
    /// Full names or patterns; all branches and tags if left out. An empty list, an empty text, `null` and an unresolved expression are errors.
    #[serde(
        default,
        deserialize_with = "never_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) references: Option<Vec<String>>,
    /// The value that the one reference had before; zeros mean that it did not exist, empty means not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference_sha_old: Option<String>,
    /// Whether deletions are mirrored; not if left out.
    #[serde(
        default,
        deserialize_with = "never_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) sync_delete: Option<bool>,
    /// When values may be replaced; `lease` if left out.
    #[serde(
        default,
        deserialize_with = "never_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) force: Option<Force>,
    /// All references or none.
    #[serde(default)]
    pub(crate) atomic: bool,
    /// Decide, and write nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// Which runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct RunQuery {
    /// Of this mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mirror: Option<String>,
    /// Of mirrors with this label: `team=pay`; several are separated by commas, and all must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// One or several states, separated by commas: `failed,held`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// Created at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Moment>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// At most so many entries, 50 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u32>,
}

/// Which part of a run's log.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct LogQuery {
    /// Lines after that number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u32>,
    /// At most so many lines, 500 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) limit: Option<u32>,
}
