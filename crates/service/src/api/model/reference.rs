//! References as JSON: the drift report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;

/// One reference of a mirror on both sides, as of the last look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    /// The full name.
    pub(crate) name: String,
    /// The source's value; `null` if it is absent there.
    pub(crate) source: Option<String>,
    /// The target's value; `null` if it is absent there.
    pub(crate) target: Option<String>,
    /// What both last agreed on; `null` if that is not known, or that it was absent.
    pub(crate) base: Option<String>,
    /// How the two relate.
    pub(crate) state: ReferenceState,
    /// In words; `null` for what is in sync.
    pub(crate) text: Option<String>,
    /// Since when it is in that state; `null` for what was just looked at.
    pub(crate) since: Option<Moment>,
    /// The run that saw it.
    pub(crate) run: Option<String>,
}

/// How the two values of a reference relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReferenceState {
    /// Both sides have the same.
    InSync,
    /// It would be written by the next run.
    Behind,
    /// Both sides changed, or a one-way mirror's target is out of sync.
    Conflict,
    /// The guard holds it until a person approves.
    Held,
    /// A server refuses it.
    Rejected,
    /// refsync refuses it.
    Refused,
    /// It was deleted on one side, and deletions are not mirrored.
    Deletion,
    /// Only the target has it.
    TargetOnly,
}

/// Which references.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct ReferenceQuery {
    /// Only those that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) differing: Option<bool>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// At most so many entries, 50 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u32>,
}

/// The drift report: every reference that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Drift {
    /// The mirror.
    pub(crate) mirror: String,
    /// Whether both sides were looked at for this report; otherwise it is what the last runs saw.
    pub(crate) live: bool,
    /// When it was made.
    pub(crate) at: Moment,
    /// References in scope that are equal on both sides.
    pub(crate) in_sync: u64,
    /// The references that differ, by name, at most 10,000.
    pub(crate) references: Vec<Reference>,
    /// Whether there are more than that.
    pub(crate) cut: bool,
    /// Why nobody knows how the sides are now: no run has looked at both, or the last one failed. Never in a live report.
    #[serde(default)]
    pub(crate) unsure: Option<String>,
}

/// How a drift report is made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct DriftQuery {
    /// Look at both sides now, writing nothing. Otherwise tells what the last runs saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) live: Option<bool>,
}
