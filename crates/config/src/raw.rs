//! The shape of the file: what serde and the JSON Schema see.

use serde::{Deserialize, Serialize};

/// What mirrors have that do not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {}

/// One mirror, as the file and the API write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MirrorSpec {
    /// Its name.
    pub name: String,
}
