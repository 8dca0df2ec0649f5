//! Who signed in to the dashboard. Only the hashes of what browsers keep are here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::db::args;
use crate::token::{Token, read};
use crate::{Store, StoreError, Time};

/// As with tokens, a fast hash will do: the text holds 256 random bits.
fn hash(text: &SecretString) -> String {
    hex::encode(Sha256::digest(text.expose_secret().as_bytes()))
}

impl Store {
    /// Begins a session of a token; what the browser keeps is given once and never again.
    pub async fn open_session(
        &self,
        token: &str,
        expires: Time,
        now: Time,
    ) -> Result<SecretString, StoreError> {
        let secret: [u8; 32] = rand::random();
        let text: SecretString = URL_SAFE_NO_PAD.encode(secret).into();
        let mut tx = self.begin().await?;
        tx.exec("DELETE FROM sessions WHERE expires <= $1", args![now])
            .await?;
        tx.exec(
            "INSERT INTO sessions (hash, token, created, expires) VALUES ($1, $2, $3, $4)",
            args![hash(&text), token, now, expires],
        )
        .await?;
        tx.commit().await?;
        Ok(text)
    }

    /// The token of a session, if both are valid now.
    pub async fn session(&self, text: &SecretString, now: Time) -> Result<Option<Token>, StoreError> {
        let sql = "SELECT tokens.* FROM sessions JOIN tokens ON tokens.id = sessions.token \
                   WHERE sessions.hash = $1 AND sessions.expires > $2 AND tokens.revoked IS NULL \
                   AND (tokens.expires IS NULL OR tokens.expires > $2)";
        let row = self.db().first(sql, args![hash(text), now]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Ends a session.
    pub async fn close_session(&self, text: &SecretString) -> Result<(), StoreError> {
        let sql = "DELETE FROM sessions WHERE hash = $1";
        self.db().exec(sql, args![hash(text)]).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fresh, on_both};
    use crate::token::Role;

    on_both!(a_session_lasts_as_long_as_its_token_and_its_own_time, |fresh| {
        let store = &fresh.store;
        let now = Time(1_000_000);
        let later = |ms: i64| Time(now.0 + ms);
        let (token, _) = store
            .make_token("ada", Role::Operate, None, None, now)
            .await
            .unwrap();
        let one = store.open_session(&token.id, later(1_000), now).await.unwrap();
        let other = store.open_session(&token.id, later(9_000), now).await.unwrap();
        let name =
            async |text: &SecretString, at| store.session(text, at).await.unwrap().map(|token| token.name);
        assert_eq!(name(&one, later(999)).await.as_deref(), Some("ada"));
        assert_eq!(name(&one, later(1_000)).await, None);
        assert_eq!(name(&"another".to_owned().into(), now).await, None);
        store.close_session(&one).await.unwrap();
        assert_eq!(name(&one, now).await, None);
        assert_eq!(name(&other, now).await.as_deref(), Some("ada"));
        store.revoke_token(&token.id, now).await.unwrap();
        assert_eq!(name(&other, now).await, None);
    });
}
