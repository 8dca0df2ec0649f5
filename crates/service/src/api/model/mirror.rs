//! Mirrors as JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::mirror::Health;

use super::Moment;
use super::hook::HookState;
use super::run::Force;

/// A mirror: how it is configured and how it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mirror {
    /// Its name.
    pub(crate) name: String,
    /// A sentence for people.
    pub(crate) description: Option<String>,
    /// To group and select by.
    pub(crate) labels: BTreeMap<String, String>,
    /// One way or both.
    pub(crate) direction: Direction,
    /// Where a one-way mirror reads.
    pub(crate) source: End,
    /// Where a one-way mirror writes.
    pub(crate) target: End,
    /// The patterns of its scope; empty for a parked mirror.
    pub(crate) references: Vec<String>,
    /// Whether deletions are mirrored.
    pub(crate) sync_delete: SyncDelete,
    /// When values may be replaced.
    pub(crate) force: Force,
    /// All references of a run or none.
    pub(crate) atomic: bool,
    /// Seconds between sweeps; `null` for none.
    pub(crate) sweep_seconds: Option<u64>,
    /// A cron expression in the place of the sweep.
    pub(crate) schedule: Option<String>,
    /// Whether webhooks start runs.
    pub(crate) webhooks: bool,
    /// Where it is defined: `refsync.yaml:31`, or `api`; `null` for a parked mirror, which is defined nowhere any more.
    pub(crate) origin: Option<String>,
    /// Whether the API may not change it, because it is defined in the file.
    pub(crate) read_only: bool,
    /// Changes with each change; what `If-Match` expects. `null` for mirrors of the file.
    pub(crate) version: Option<i64>,
    /// How it is.
    pub(crate) state: MirrorState,
    /// First sight of the oldest change that is not on the other side yet; `null` if there is none.
    pub(crate) behind_since: Option<Moment>,
    /// When both sides were last seen equal.
    pub(crate) in_sync_at: Option<Moment>,
    /// When a reference was last written.
    pub(crate) changed_at: Option<Moment>,
    /// The run under way or the last one.
    pub(crate) last_run: Option<String>,
    /// How often in a row it failed.
    pub(crate) failures: u32,
    /// The last failure, a line.
    pub(crate) error: Option<String>,
    /// When it will be tried again.
    pub(crate) next_at: Option<Moment>,
    /// How many there are.
    pub(crate) counts: Counts,
    /// Why references are not written: the reason of the one that waits longest; `null` where none is refused.
    pub(crate) refusal: Option<String>,
    /// Who paused it, and when.
    pub(crate) paused: Option<Paused>,
    /// Its definition as the API takes it, without secrets. Only where one mirror is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<config::raw::MirrorSpec>,
}

/// One end of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct End {
    /// The address, which holds no secret.
    pub(crate) url: String,
    /// The name of the credential that is used; `null` asks as nobody.
    pub(crate) credential: Option<String>,
    /// The kind of host: `github`; `null` for a parked mirror.
    pub(crate) provider: Option<String>,
    /// Its webhook's endpoint; `null` where there is none: the target of a one-way mirror.
    pub(crate) hook: Option<HookState>,
}

/// In which directions references are mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// From the source to the target.
    OneWay,
    /// Both ways.
    TwoWay,
}

/// Whether deletions are mirrored, to each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncDelete {
    /// What was deleted on the source is deleted on the target.
    pub(crate) to_target: bool,
    /// What was deleted on the target is deleted on the source.
    pub(crate) to_source: bool,
}

/// How a mirror is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MirrorState {
    /// Nothing was seen yet.
    New,
    /// Both sides agree, as of the last look.
    InSync,
    /// Something is due, or a run is under way.
    Moving,
    /// A person must decide: conflicts, held runs, refused references.
    Waiting,
    /// The last run failed.
    Failed,
    /// By a person.
    Paused,
    /// It is not in the configuration any more.
    Parked,
}

/// How many there are of what a person must look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// Open conflicts.
    pub(crate) conflicts: u32,
    /// Runs that wait for approval.
    pub(crate) held: u32,
    /// References that a host's rules, or refsync's own, keep from being written until a side changes.
    pub(crate) refused: u32,
    /// References in scope, as of the last full look; `null` before the first.
    pub(crate) references: Option<u64>,
}

/// Who paused a mirror, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paused {
    /// The name of the token.
    pub(crate) by: String,
    /// When.
    pub(crate) at: Moment,
}

/// Saved inputs of a run: what is `null` is the mirror's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InputSet {
    /// Its name.
    pub(crate) name: String,
    /// Whether refsync supplies it: `forward`, and `reverse` for two-way mirrors.
    pub(crate) built_in: bool,
    /// From target to source.
    pub(crate) reverse: bool,
    /// Which references.
    pub(crate) references: Option<Vec<String>>,
    /// Whether deletions are mirrored.
    pub(crate) sync_delete: Option<bool>,
    /// The old SHA, for a single reference.
    pub(crate) reference_sha_old: Option<String>,
}

/// Which mirrors.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct MirrorQuery {
    /// `team=pay`; several are separated by commas, and all must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// One or several states, separated by commas: `waiting,failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// Part of the name or an address, without regard to case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<String>,
    /// Also those that the configuration does not have any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parked: Option<bool>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// At most so many entries, 50 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u32>,
}

impl MirrorState {
    /// All, in the order they are listed.
    pub(crate) const ALL: [Self; 7] = [
        Self::New,
        Self::InSync,
        Self::Moving,
        Self::Waiting,
        Self::Failed,
        Self::Paused,
        Self::Parked,
    ];

    /// Those in which a change can wait.
    pub(crate) const BEHIND: [Self; 5] = [Self::New, Self::Moving, Self::Waiting, Self::Failed, Self::Paused];

    /// The word for it: `in-sync`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InSync => "in-sync",
            Self::Moving => "moving",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Parked => "parked",
        }
    }

    /// The state as the database has it.
    pub(crate) fn health(self) -> Health {
        match self {
            Self::New => Health::New,
            Self::InSync => Health::InSync,
            Self::Moving => Health::Moving,
            Self::Waiting => Health::Waiting,
            Self::Failed => Health::Failed,
            Self::Paused => Health::Paused,
            Self::Parked => Health::Parked,
        }
    }
}

impl From<Health> for MirrorState {
    fn from(health: Health) -> Self {
        match health {
            Health::New => Self::New,
            Health::InSync => Self::InSync,
            Health::Moving => Self::Moving,
            Health::Waiting => Self::Waiting,
            Health::Failed => Self::Failed,
            Health::Paused => Self::Paused,
            Health::Parked => Self::Parked,
        }
    }
}
