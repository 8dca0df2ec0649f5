//! Errors as JSON: RFC 9457.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong, as `application/problem+json` (RFC 9457). Programs read `type`, which stays the same; people read `detail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// A stable word with `urn:refsync:` before it: `urn:refsync:not-found`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The kind in a few words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What happened here, and what to do.
    pub(crate) detail: String,
    /// Where the request is wrong, if it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
}

/// What is wrong with one value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldError {
    /// The value's path: `source.url`.
    pub(crate) path: String,
    /// What is wrong, and what is allowed.
    pub(crate) message: String,
}
