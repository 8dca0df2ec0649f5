//! Tokens of the API. Only their hashes are here.

use secrecy::SecretString;

use crate::{Store, StoreError, Time};

/// What a token may do; each may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Read,
    /// Run, rerun, cancel, pause, resolve, approve, undo, redeliver.
    Operate,
    /// Everything.
    Admin,
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Short, to name it by.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// If given, it sees and acts on mirrors with this label alone.
    pub label: Option<(String, String)>,
    /// When it was made.
    pub created: Time,
    /// When it ends.
    pub expires: Option<Time>,
    /// When it was last used, to the hour.
    pub used: Option<Time>,
    /// When it was revoked.
    pub revoked: Option<Time>,
}

impl Store {
    /// Makes a token; its text (`refsync_` and 43 characters) is given once and never again.
    pub async fn make_token(
        &self,
        _name: &str,
        _role: Role,
        _label: Option<(&str, &str)>,
        _expires: Option<Time>,
        _now: Time,
    ) -> Result<(Token, SecretString), StoreError> {
        todo!()
    }

    /// The token of a text, if it is valid now.
    pub async fn token(&self, _text: &SecretString, _now: Time) -> Result<Option<Token>, StoreError> {
        todo!()
    }

    /// All tokens.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        todo!()
    }

    /// Revokes one.
    pub async fn revoke_token(&self, _id: &str, _now: Time) -> Result<(), StoreError> {
        todo!()
    }
}
