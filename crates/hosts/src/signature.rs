//! Whether a delivery comes from who knows the secret. In constant time, over the raw body.

use secrecy::SecretString;

use crate::Provider;
use crate::custom::CustomTrigger;
use crate::webhook::Headers;

/// Why a delivery is not believed: status 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// No signature where the provider puts one.
    #[error("the delivery has no signature: set the secret on the host")]
    Missing,
    /// An empty one: the host knows no secret.
    #[error("the delivery's signature is empty: set the secret on the host")]
    Empty,
    /// It does not match any of the secrets.
    #[error(
        "the delivery's signature is wrong: host and refsync have different secrets, or something between them changed the body"
    )]
    Wrong,
    /// Its time is too far from now (Standard Webhooks).
    #[error("the delivery is too old or from the future: check both clocks")]
    Stale,
}

/// Verifies a delivery against one or several secrets. `now` is in seconds since 1970. `query_secret` is what stood in the URL
/// (Gerrit alone).
pub fn verify(
    _provider: Provider,
    _trigger: Option<&CustomTrigger>,
    _secrets: &[SecretString],
    _headers: &Headers,
    _query_secret: Option<&str>,
    _body: &[u8],
    _now: i64,
) -> Result<(), Unsigned> {
    todo!()
}
