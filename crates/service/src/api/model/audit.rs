//! Changes that people made, as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;

/// One change: who, when, from where, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEntry {
    /// From 1.
    pub(crate) number: i64,
    /// When.
    pub(crate) at: Moment,
    /// The name of the token, `file` for what a configuration file changed, or `refsync`.
    pub(crate) actor: String,
    /// The address it came from.
    pub(crate) from: String,
    /// What was done: `mirror.pause`.
    pub(crate) action: String,
    /// What it was done to: `mirror app`.
    pub(crate) subject: String,
    /// Before.
    pub(crate) before: Option<serde_json::Value>,
    /// After.
    pub(crate) after: Option<serde_json::Value>,
}

/// Which changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// Of this subject: `mirror app`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// At most so many entries, 50 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u32>,
}
