//! The service itself as JSON: its overview, its configuration, whether it is ready.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use super::mirror::MirrorState;

/// The service at a glance, as far as the token may see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overview {
    /// refsync's version.
    pub(crate) version: String,
    /// This process among those that share the database.
    pub(crate) worker: String,
    /// When it started.
    pub(crate) started_at: Moment,
    /// When its configuration was taken over.
    pub(crate) configured_at: Moment,
    /// Why a newer file is not in force.
    pub(crate) problem: Option<String>,
    /// How many mirrors are in each state.
    pub(crate) mirrors: BTreeMap<MirrorState, u64>,
    /// What people should look at: causes that are not over, oldest first.
    pub(crate) notices: Vec<Notice>,
    /// The token that asks.
    pub(crate) token: super::token::Token,
}

/// A cause that people are told of once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notice {
    /// What makes it the same as another: `conflict app refs/heads/main 1a2b3c4 5d6e7f8`, `held app RUN`, `credential ghe 401`.
    pub(crate) cause: String,
    /// `conflict`, `held`, `failure`.
    pub(crate) event: String,
    /// A sentence.
    pub(crate) text: String,
    /// The mirrors it concerns.
    pub(crate) mirrors: Vec<String>,
    /// First seen.
    pub(crate) since: Moment,
}

/// Whether the service can do its work: what `/readyz` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Readiness {
    /// Whether it can.
    pub(crate) ready: bool,
    /// Why not, and what is wrong all the same, such as a file that was not taken over; a sentence each.
    pub(crate) problems: Vec<String>,
}

/// How a configuration is reloaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct ReloadRequest {
    /// Even if over 20 % of the mirrors would go.
    pub(crate) force: bool,
}

/// What a reload changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Reloaded {
    /// New mirrors.
    pub(crate) added: Vec<String>,
    /// Mirrors that are gone: parked.
    pub(crate) removed: Vec<String>,
    /// Mirrors that differ.
    pub(crate) changed: Vec<String>,
}
