//! Tokens of the API. Only their hashes are here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::codec::{from_word, word};
use crate::db::{Row, args};
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

/// What the text of a token begins with, so that scanners for leaked secrets can know it.
const PREFIX: &str = "refsync_";

/// Use is written down once an hour: a write for each request would be too much.
const USED_MS: i64 = 3_600_000;

pub(crate) fn read(row: &Row) -> Result<Token, StoreError> {
    let label = match (row.maybe_text("label")?, row.maybe_text("label_value")?) {
        (Some(label), Some(value)) => Some((label, value)),
        _ => None,
    };
    Ok(Token {
        id: row.text("id")?,
        name: row.text("name")?,
        role: from_word(row, "role")?,
        label,
        created: row.time("created")?,
        expires: row.maybe_time("expires")?,
        used: row.maybe_time("used")?,
        revoked: row.maybe_time("revoked")?,
    })
}

/// A fast hash will do: the text holds 256 random bits, which nobody can guess.
fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl Store {
    /// Makes a token; its text (`refsync_` and 43 characters) is given once and never again.
    pub async fn make_token(
        &self,
        name: &str,
        role: Role,
        label: Option<(&str, &str)>,
        expires: Option<Time>,
        now: Time,
    ) -> Result<(Token, SecretString), StoreError> {
        let secret: [u8; 32] = rand::random();
        let id: [u8; 4] = rand::random();
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
        let token = Token {
            id: hex::encode(id),
            name: name.to_owned(),
            role,
            label: label.map(|(label, value)| (label.to_owned(), value.to_owned())),
            created: now,
            expires,
            used: None,
            revoked: None,
        };
        self.db()
            .exec(
                "INSERT INTO tokens (id, name, role, label, label_value, created, expires, hash) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                args![
                    &token.id,
                    name,
                    word(role),
                    label.map(|(label, _)| label),
                    label.map(|(_, value)| value),
                    now,
                    expires,
                    hash(&text)
                ],
            )
            .await?;
        Ok((token, text.into()))
    }

    /// The token of a text, if it is valid now.
    pub async fn token(&self, text: &SecretString, now: Time) -> Result<Option<Token>, StoreError> {
        let sql =
            "SELECT * FROM tokens WHERE hash = $1 AND revoked IS NULL AND (expires IS NULL OR expires > $2)";
        let row = self
            .db()
            .first(sql, args![hash(text.expose_secret()), now])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut token = read(&row)?;
        if token.used.is_none_or(|used| used.0 + USED_MS <= now.0) {
            let sql = "UPDATE tokens SET used = $2 WHERE id = $1";
            self.db().exec(sql, args![&token.id, now]).await?;
            token.used = Some(now);
        }
        Ok(Some(token))
    }

    /// All tokens.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let sql = "SELECT * FROM tokens ORDER BY created, id";
        self.db().rows(sql, vec![]).await?.iter().map(read).collect()
    }

    /// Revokes one. One that was revoked before stays so since then.
    pub async fn revoke_token(&self, id: &str, now: Time) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked = coalesce(revoked, $2) WHERE id = $1";
        match self.db().exec(sql, args![id, now]).await? {
            0 => Err(StoreError::NotFound {
                what: format!("token {id}"),
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
