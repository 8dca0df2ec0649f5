//! References that wait: for a person, or until a side changes.

use engine::decide::Base;
use engine::side::Both;
use gitwire::{Oid, RefName};

use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

/// Why a reference waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Both sides changed, or a one-way mirror's target is out of sync.
    Conflict,
    /// The guard held it.
    Held,
    /// The server refuses it (protected, a hook): nothing to do until a side changes.
    Rejected,
    /// refsync refuses it for another reason.
    Refused,
    /// A deletion that is not mirrored: shown in the drift report, nothing to decide.
    Deletion,
    /// It is the target's own.
    TargetOnly,
}

/// A reference that waits, with the values it had: it is looked at again as soon as one of them differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: RefName,
    /// Why.
    pub why: Why,
    /// What either side had.
    pub seen: Both<Option<Oid>>,
    /// What both last agreed on.
    pub base: Base,
    /// In words, for people.
    pub text: String,
    /// The run that saw it.
    pub run: String,
    /// Since when it waits with that reason.
    pub since: Time,
}

/// A conflict as people list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The mirror.
    pub mirror: String,
    /// The reference and its values.
    pub standing: Standing,
}

impl Store {
    /// Open conflicts, oldest first, of one mirror or all.
    pub async fn conflicts(&self, _mirror: Option<&str>, _ask: &Ask) -> Result<Page<Conflict>, StoreError> {
        todo!()
    }

    /// One conflict; `NotFound` if it is no more.
    pub async fn conflict(&self, _mirror: &str, _name: &RefName) -> Result<Conflict, StoreError> {
        todo!()
    }

    /// All that waits or differs in a mirror, by name: the drift report.
    pub async fn standing(&self, _mirror: &str, _ask: &Ask) -> Result<Page<Standing>, StoreError> {
        todo!()
    }
}
