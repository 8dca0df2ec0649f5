//! Conflicts as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Side};

/// A reference that both sides changed, or that a one-way mirror's target has out of sync: nothing is written until a person decides, or the
/// sides agree again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conflict {
    /// The mirror.
    pub(crate) mirror: String,
    /// The full name.
    pub(crate) reference: String,
    /// The source's value; `null` if it is absent there.
    pub(crate) source: Option<String>,
    /// The target's value; `null` if it is absent there.
    pub(crate) target: Option<String>,
    /// What both last agreed on; `null` if that is not known, or that it was absent.
    pub(crate) base: Option<String>,
    /// In words.
    pub(crate) text: String,
    /// Since when.
    pub(crate) since: Moment,
    /// The run that saw it.
    pub(crate) run: String,
    /// The sides whose value may be taken: both, or `source` alone in a one-way mirror.
    pub(crate) choices: Vec<Side>,
}

/// Which conflicts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct ConflictQuery {
    /// Of this mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mirror: Option<String>,
    /// Of mirrors with this label: `team=pay`; several are separated by commas, and all must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// At most so many entries, 50 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u32>,
}

/// Which conflict of a mirror.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OneConflictQuery {
    /// The full name: `refs/heads/main`.
    pub(crate) reference: String,
}

/// How a conflict is settled. The writes are leased on the values that were shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResolveRequest {
    /// The full name: `refs/heads/main`.
    pub(crate) reference: String,
    /// The side whose value both get.
    pub(crate) take: Side,
    /// Whether the other value is parked on both sides first, as `refs/heads/refsync/parked/…`.
    #[serde(default)]
    pub(crate) keep_both: bool,
    /// The values that were shown to the person. If they are not the conflict's any more, nothing is done (409). Left out: the conflict's as
    /// they are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shown: Option<Shown>,
}

/// The values of a conflict as they were shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Shown {
    /// The source's value; `null` if it was absent.
    pub(crate) source: Option<String>,
    /// The target's value; `null` if it was absent.
    pub(crate) target: Option<String>,
}
