//! What server-sent events carry (`data:`), by the event's name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::RunState;

/// `mirror`, on `/api/v1/events`: a mirror's row changed; read it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MirrorChanged {
    /// Its name.
    pub(crate) name: String,
}

/// `run`, on `/api/v1/events`: a run began, ended or was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunChanged {
    /// Its id.
    pub(crate) id: String,
    /// Its mirror.
    pub(crate) mirror: Option<String>,
    /// How it is now.
    pub(crate) state: RunState,
}

/// `delivery`, on `/api/v1/events`: a delivery came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryCame {
    /// Its id.
    pub(crate) id: String,
}

/// `progress`, on `/api/v1/runs/{id}/events`. Beside it come `log` with a [`super::run::LogLine`] (its number is the event's id, so that
/// `Last-Event-ID` resumes after it), `state` with the whole [`super::run::Run`] whenever it changed; after one that is over, the
/// stream ends with `end`, whose data is the same run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    /// The step: `observe`, `decide`, `relay`, `report`.
    pub(crate) stage: String,
    /// Bytes of packs so far.
    pub(crate) bytes: u64,
}
