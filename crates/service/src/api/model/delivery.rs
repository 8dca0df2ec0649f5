//! Deliveries of webhooks as JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, Side};

/// A delivery of a webhook, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// refsync's id of it, a UUID of version 7.
    pub(crate) id: String,
    /// The mirror of the endpoint; `null` for a host's.
    pub(crate) mirror: Option<String>,
    /// The side of the endpoint; `null` for a host's.
    pub(crate) side: Option<Side>,
    /// The credential of a host's endpoint.
    pub(crate) credential: Option<String>,
    /// The kind of host.
    pub(crate) provider: String,
    /// The host's own id of it.
    pub(crate) host_id: Option<String>,
    /// The event, as the host calls it.
    pub(crate) event: Option<String>,
    /// When it came.
    pub(crate) at: Moment,
    /// The address it came from.
    pub(crate) from: String,
    /// The status it was answered with.
    pub(crate) status: u16,
    /// What it was answered with: what became of each reference.
    pub(crate) answer: serde_json::Value,
    /// The delivery that this one repeats.
    pub(crate) repeats: Option<String>,
    /// Its headers without secrets and signatures. Only where one delivery is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<BTreeMap<String, String>>,
    /// Its body as text. Only where one delivery is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct DeliveryQuery {
    /// Of this mirror's endpoints, or with one of its references in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mirror: Option<String>,
    /// Of this credential's endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
    /// Where the page before ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// At most so many entries, 50 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u32>,
}
