//! The headers of a delivery: its event, its id, and which of them may be kept.

use gitwire::message::sanitize;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Headers;
use crate::Provider;

/// The most characters of a foreign text that are shown or kept.
const SHOWN: usize = 300;

/// A foreign text on one line, without control characters, cut.
pub(super) fn shown(text: &str) -> String {
    // Cut before it is cleaned: a text may be as long as the body.
    let start: String = text.chars().take(SHOWN).collect();
    sanitize(start)
}

/// The event: what a person said, or the first of these headers.
pub(super) fn event<'a>(said: Option<&'a str>, headers: &'a Headers, names: &[&str]) -> Option<&'a str> {
    said.or_else(|| {
        names
            .iter()
            .find_map(|name| headers.get(*name).map(String::as_str))
    })
    .filter(|event| !event.is_empty())
}

/// The host's own id of the delivery. Where it has none, the body's hash tells a repeated one (Harness, Gerrit, `custom`).
pub fn delivery_id(provider: Provider, headers: &Headers, body: &[u8]) -> Option<String> {
    let names: &[&str] = match provider {
        Provider::Github => &["x-github-delivery"],
        Provider::Gitlab => &["webhook-id", "idempotency-key", "x-gitlab-event-uuid"],
        Provider::Gitea | Provider::Forgejo | Provider::Gogs => &[
            "x-forgejo-delivery",
            "x-gitea-delivery",
            "x-gogs-delivery",
            "x-github-delivery",
        ],
        Provider::BitbucketCloud => &["x-request-uuid"],
        Provider::BitbucketDataCenter => &["x-request-id"],
        Provider::Custom => &["webhook-id", "x-request-id", "idempotency-key"],
        Provider::Harness | Provider::AzureDevops | Provider::Codecommit | Provider::Gerrit => &[],
    };
    if let Some(id) = names.iter().find_map(|name| headers.get(*name)) {
        return usable(id);
    }
    match provider {
        Provider::AzureDevops | Provider::Codecommit => {
            let identified: Identified = serde_json::from_slice(body).ok()?;
            usable(&identified.id)
        }
        Provider::Harness | Provider::Gerrit | Provider::Custom => {
            Some(format!("sha256:{}", hex::encode(Sha256::digest(body))))
        }
        _ => None,
    }
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

fn usable(id: &str) -> Option<String> {
    let id = id.trim();
    (!id.is_empty() && id.len() <= 200).then(|| shown(id))
}

/// Headers that are kept by name.
const KEPT: &[&str] = &[
    "accept",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "idempotency-key",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "x-attempt-number",
    "x-event-key",
    "x-event-time",
    "x-forwarded-for",
    "x-gitlab-instance",
    "x-request-id",
];

/// Ends of names of the `x-…` headers that are kept.
const KEPT_ENDS: &[&str] = &[
    "-event",
    "-delivery",
    "-trigger",
    "-event-type",
    "-uuid",
    "-hook-id",
    "-type",
];

/// Words that no kept header has in its name.
const SECRET_WORDS: &[&str] = &[
    "secret",
    "token",
    "signature",
    "password",
    "auth",
    "cookie",
    "credential",
    "session",
];

/// Whether a header may be kept with the delivery: neither a secret nor a signature. Only what is known to be harmless may.
pub fn may_keep(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    let known = KEPT.contains(&header.as_str())
        || (header.starts_with("x-") && KEPT_ENDS.iter().any(|end| header.ends_with(end)));
    known && !SECRET_WORDS.iter().any(|word| header.contains(word))
}
