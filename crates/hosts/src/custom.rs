//! Payloads of hosts that refsync does not know, described by expressions over them.

use serde::{Deserialize, Serialize};

/// How to read a delivery: expressions as pipelines have them, `<+trigger.payload.ref.name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomTrigger {
    /// Which deliveries count: `<+trigger.payload.event> == "push"`; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The reference's full name, or the short one with `referenceKind`.
    pub reference: String,
    /// Its value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_sha_old: Option<String>,
    /// Its value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_sha: Option<String>,
    /// Where the signature stands and how it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<CustomSignature>,
}

/// Where a signature stands and how it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomSignature {
    /// The header.
    pub header: String,
    /// The hash: `sha256`. Without it the header holds the secret itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac: Option<String>,
    /// `hex` (the default) or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands before the signature, such as `sha256=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(pub String);

impl CustomTrigger {
    /// Checks the expressions, when a configuration is read.
    pub fn check(&self) -> Result<(), ExpressionError> {
        todo!()
    }
}
