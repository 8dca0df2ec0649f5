//! Tokens as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;

/// What a token may do; each may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Look.
    Read,
    /// Run, rerun, cancel, pause, resolve, approve, undo, redeliver.
    Operate,
    /// Everything.
    Admin,
}

/// A token of the API, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    /// Short, to name it by.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// If given, it sees and acts on mirrors with this label alone: `team=pay`.
    pub(crate) label: Option<String>,
    /// When it was made.
    pub(crate) created_at: Moment,
    /// When it ends.
    pub(crate) expires_at: Option<Moment>,
    /// When it was last used, to the hour.
    pub(crate) used_at: Option<Moment>,
    /// When it was revoked.
    pub(crate) revoked_at: Option<Moment>,
}

/// A token that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// What people call it: up to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// It sees and acts on mirrors with this label alone: `team=pay`. It makes and changes them only with credentials that such mirrors use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Moment>,
}

/// A token that was just made: its text is told once and never again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MadeToken {
    /// The token.
    pub(crate) token: Token,
    /// Its text, for `Authorization: Bearer`.
    pub(crate) text: String,
}

impl std::fmt::Debug for MadeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeToken")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
