//! Whether a delivery comes from who knows the secret. In constant time, over the raw body.
//!
//! HMAC is RFC 2104 with SHA-256; Standard Webhooks is <https://www.standardwebhooks.com>. A header that the scheme wants is
//! verified and nothing else is fallen back to.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::Provider;
use crate::custom::{CustomSignature, CustomTrigger};
use crate::webhook::Headers;

/// How far a signed time may be from now, in seconds, as Standard Webhooks recommends.
const TOLERANCE: u64 = 300;

/// How many signatures of one header are tried.
const MAX_SIGNATURES: usize = 16;

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
/// (Gerrit, and `custom` without a signature).
pub fn verify(
    provider: Provider,
    trigger: Option<&CustomTrigger>,
    secrets: &[SecretString],
    headers: &Headers,
    query_secret: Option<&str>,
    body: &[u8],
    now: i64,
) -> Result<(), Unsigned> {
    // An empty secret is none: anybody could sign with it.
    let secrets: Vec<&str> = secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| !secret.is_empty())
        .collect();
    let secrets = secrets.as_slice();
    match provider {
        Provider::Harness => hex_hmac(harness_header(headers), "", secrets, body),
        Provider::Github => hex_hmac(get(headers, "x-hub-signature-256"), "sha256=", secrets, body),
        Provider::BitbucketCloud | Provider::BitbucketDataCenter => {
            hex_hmac(get(headers, "x-hub-signature"), "sha256=", secrets, body)
        }
        Provider::Gitea | Provider::Forgejo | Provider::Gogs => gitea(secrets, headers, body),
        Provider::Gitlab => match get(headers, "webhook-signature") {
            Some(signature) => standard(signature, secrets, headers, body, now),
            None => plain(get(headers, "x-gitlab-token"), secrets),
        },
        Provider::AzureDevops => basic(get(headers, "authorization"), secrets),
        Provider::Codecommit => match get(headers, "x-api-key") {
            Some(key) => plain(Some(key), secrets),
            None => basic(get(headers, "authorization"), secrets),
        },
        Provider::Gerrit => plain(query_secret, secrets),
        Provider::Custom => match trigger.and_then(|trigger| trigger.signature.as_ref()) {
            Some(signature) => custom(signature, secrets, headers, body),
            None => plain(query_secret, secrets),
        },
    }
}

fn get<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.get(name).map(String::as_str)
}

/// `X-Harness-Signature`, self-hosted `X-Gitness-Signature`, or `X-<Identity>-Signature` where the identity is configured.
fn harness_header(headers: &Headers) -> Option<&str> {
    get(headers, "x-harness-signature")
        .or_else(|| get(headers, "x-gitness-signature"))
        .or_else(|| {
            headers
                .iter()
                .find(|(name, _)| name.starts_with("x-") && name.ends_with("-signature"))
                .map(|(_, value)| value.as_str())
        })
}

/// Forgejo sends Gitea's, Gogs's and GitHub's headers beside its own: the host's own counts first.
fn gitea(secrets: &[&str], headers: &Headers, body: &[u8]) -> Result<(), Unsigned> {
    let own = ["x-forgejo-signature", "x-gitea-signature", "x-gogs-signature"]
        .iter()
        .find_map(|name| get(headers, name));
    match own {
        Some(signature) => hex_hmac(Some(signature), "", secrets, body),
        None => hex_hmac(get(headers, "x-hub-signature-256"), "sha256=", secrets, body),
    }
}

/// The signature without its prefix; missing and empty ones are told apart.
fn present<'a>(value: Option<&'a str>, prefix: &str) -> Result<&'a str, Unsigned> {
    let value = value.ok_or(Unsigned::Missing)?.trim();
    if value.is_empty() {
        return Err(Unsigned::Empty);
    }
    match value.strip_prefix(prefix) {
        Some("") => Err(Unsigned::Empty),
        Some(signature) => Ok(signature),
        None => Err(Unsigned::Wrong),
    }
}

fn hex_hmac(value: Option<&str>, prefix: &str, secrets: &[&str], body: &[u8]) -> Result<(), Unsigned> {
    let signature = hex::decode(present(value, prefix)?).map_err(|_| Unsigned::Wrong)?;
    any_signs(
        secrets.iter().map(|secret| secret.as_bytes()),
        &[body],
        &signature,
    )
}

/// Whether one of the keys makes this HMAC-SHA256 over the parts in a row. All keys are tried, whichever matches.
fn any_signs<'a>(
    keys: impl Iterator<Item = &'a [u8]>,
    parts: &[&[u8]],
    signature: &[u8],
) -> Result<(), Unsigned> {
    let mut matched = false;
    for key in keys {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(part);
        }
        matched |= mac.verify_slice(signature).is_ok();
    }
    if matched { Ok(()) } else { Err(Unsigned::Wrong) }
}

/// A header or a query's value that is the secret itself.
fn plain(value: Option<&str>, secrets: &[&str]) -> Result<(), Unsigned> {
    let value = present(value, "")?;
    if secrets
        .iter()
        .fold(false, |found, secret| found | same(secret, value))
    {
        Ok(())
    } else {
        Err(Unsigned::Wrong)
    }
}

/// Compares texts by their hashes, so that the time says nothing of the length either.
fn same(secret: &str, value: &str) -> bool {
    Sha256::digest(secret.as_bytes())
        .ct_eq(&Sha256::digest(value.as_bytes()))
        .into()
}

/// Basic credentials (RFC 7617): the secret is `user:password`, or the password beside any user name.
fn basic(value: Option<&str>, secrets: &[&str]) -> Result<(), Unsigned> {
    let value = present(value, "")?;
    let (scheme, encoded) = value.split_once(' ').ok_or(Unsigned::Wrong)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Unsigned::Wrong);
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| Unsigned::Wrong)?;
    let pair = String::from_utf8(decoded).map_err(|_| Unsigned::Wrong)?;
    let (_, password) = pair.split_once(':').ok_or(Unsigned::Wrong)?;
    if password.is_empty() {
        return Err(Unsigned::Empty);
    }
    plain(Some(&pair), secrets).or_else(|_| plain(Some(password), secrets))
}

/// Standard Webhooks: `v1,<base64>` once or several times, over `{id}.{timestamp}.{body}`.
fn standard(
    signatures: &str,
    secrets: &[&str],
    headers: &Headers,
    body: &[u8],
    now: i64,
) -> Result<(), Unsigned> {
    let signatures = present(Some(signatures), "")?;
    let id = present(get(headers, "webhook-id"), "")?;
    let timestamp = present(get(headers, "webhook-timestamp"), "")?;
    let keys: Vec<Vec<u8>> = secrets.iter().filter_map(|secret| standard_key(secret)).collect();
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let signed = signatures
        .split_ascii_whitespace()
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .take(MAX_SIGNATURES)
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .any(|signature| any_signs(keys.iter().map(Vec::as_slice), &parts, &signature).is_ok());
    if !signed {
        return Err(Unsigned::Wrong);
    }
    let at: i64 = timestamp.parse().map_err(|_| Unsigned::Wrong)?;
    if now.abs_diff(at) > TOLERANCE {
        return Err(Unsigned::Stale);
    }
    Ok(())
}

/// The key is what `whsec_` precedes, in base64. A secret without the prefix is no key of this scheme.
fn standard_key(secret: &str) -> Option<Vec<u8>> {
    let encoded = secret.strip_prefix("whsec_")?.trim_end_matches('=');
    STANDARD_NO_PAD.decode(encoded).ok().filter(|key| !key.is_empty())
}

fn custom(
    signature: &CustomSignature,
    secrets: &[&str],
    headers: &Headers,
    body: &[u8],
) -> Result<(), Unsigned> {
    let value = get(headers, &signature.header.to_ascii_lowercase());
    let prefix = signature.prefix.as_deref().unwrap_or_default();
    if signature.hmac.is_none() {
        return plain(Some(present(value, prefix)?), secrets);
    }
    if signature.encoding.as_deref() != Some("base64") {
        return hex_hmac(value, prefix, secrets, body);
    }
    let decoded = STANDARD
        .decode(present(value, prefix)?)
        .map_err(|_| Unsigned::Wrong)?;
    any_signs(secrets.iter().map(|secret| secret.as_bytes()), &[body], &decoded)
}

#[cfg(test)]
mod tests;
