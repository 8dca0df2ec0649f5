//! The preflight of a mirror as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Side;

/// What a preflight found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckReport {
    /// The mirror.
    pub(crate) mirror: String,
    /// Whether nothing failed.
    pub(crate) ok: bool,
    /// What was checked, in order.
    pub(crate) checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check {
    /// The side; `null` for what concerns both.
    pub(crate) side: Option<Side>,
    /// What was checked.
    pub(crate) what: CheckWhat,
    /// How it went.
    pub(crate) result: CheckResult,
    /// In words: `12 references in scope`.
    pub(crate) text: String,
    /// What to do, if it failed.
    pub(crate) advice: Option<String>,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckWhat {
    /// The secret can be read.
    Secret,
    /// The host answers.
    Reachable,
    /// The host knows who asks.
    Authenticated,
    /// References can be listed.
    Read,
    /// The host takes pushes from who asks. Branches can be protected still.
    Write,
    /// References that the host hides or that cannot be written.
    Hidden,
    /// The scope covers something.
    Scope,
    /// The webhook's endpoint is enabled.
    Webhook,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckResult {
    /// As it should be.
    Ok,
    /// It will work, and a person should know.
    Warning,
    /// It will not work.
    Failed,
    /// It could not be checked, since something before it failed.
    Skipped,
}
