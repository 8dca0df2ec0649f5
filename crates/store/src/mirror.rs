//! Mirrors: those of the file, as far as the queue must know them, and those made over the API.

use std::collections::BTreeMap;

use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

/// A mirror of a configuration, as a process tells it to the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// What decides how it runs: a worker claims only what equals its own.
    pub fingerprint: String,
    /// To select by.
    pub labels: BTreeMap<String, String>,
    /// Normalised address of the source. A change of either drops the bases.
    pub source_url: String,
    /// Normalised address of the target.
    pub target_url: String,
    /// Milliseconds between sweeps; `None` for none.
    pub sweep_ms: Option<i64>,
    /// Both ways.
    pub two_way: bool,
}

/// A mirror made over the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// Its definition, as JSON.
    pub spec: String,
    /// Changes with each change: what an edit expects.
    pub version: i64,
}

/// How a mirror is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
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

/// A mirror with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// As configured.
    pub known: Known,
    /// How it is.
    pub health: Health,
    /// First sight of the oldest change that is not on the other side yet.
    pub behind_since: Option<Time>,
    /// When both sides were last seen equal.
    pub in_sync_at: Option<Time>,
    /// When a reference was last written.
    pub changed_at: Option<Time>,
    /// The run under way or the last one.
    pub last_run: Option<String>,
    /// How often in a row it failed.
    pub failures: u32,
    /// The last failure, a line.
    pub error: Option<String>,
    /// When it will be tried again.
    pub next_at: Option<Time>,
    /// Open conflicts.
    pub conflicts: u32,
    /// Runs that wait for approval.
    pub held: u32,
    /// References in scope, as of the last full look.
    pub references: u64,
    /// Who paused it, when.
    pub paused: Option<(String, Time)>,
}

/// Which mirrors.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// All of these labels.
    pub labels: BTreeMap<String, String>,
    /// Any of these states; all if empty.
    pub health: Vec<Health>,
    /// Part of the name or an address, without regard to case.
    pub search: Option<String>,
    /// Also those that the configuration does not have any more.
    pub parked: bool,
}

impl Store {
    /// Takes over a configuration: new mirrors become due for a first sweep, changed ones get their fingerprint (and, if an address
    /// changed, lose bases, intents and due references), missing ones are parked with their rows. Sweeps are spread evenly.
    pub async fn adopt(&self, _mirrors: &[Known], _now: Time) -> Result<(), StoreError> {
        todo!()
    }

    /// One mirror.
    pub async fn mirror(&self, _name: &str) -> Result<Overview, StoreError> {
        todo!()
    }

    /// Mirrors by name.
    pub async fn mirrors(&self, _filter: &Filter, _ask: &Ask) -> Result<Page<Overview>, StoreError> {
        todo!()
    }

    /// How many mirrors are in each state.
    pub async fn mirror_counts(&self) -> Result<BTreeMap<Health, u64>, StoreError> {
        todo!()
    }

    /// Pauses, or ends the pause.
    pub async fn set_paused(&self, _name: &str, _by: Option<&str>, _now: Time) -> Result<(), StoreError> {
        todo!()
    }

    /// The mirrors made over the API.
    pub async fn made(&self) -> Result<Vec<Made>, StoreError> {
        todo!()
    }

    /// Makes one. An existing name is a conflict.
    pub async fn make(&self, _name: &str, _spec: &str, _now: Time) -> Result<Made, StoreError> {
        todo!()
    }

    /// Changes one, if it still has that version.
    pub async fn remake(
        &self,
        _name: &str,
        _spec: &str,
        _version: i64,
        _now: Time,
    ) -> Result<Made, StoreError> {
        todo!()
    }

    /// Removes one made over the API.
    pub async fn unmake(&self, _name: &str, _now: Time) -> Result<(), StoreError> {
        todo!()
    }
}
