//! The hook as it must be.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Wanted;
use crate::Provider;

const HARNESS: &[&str] = &[
    "branch_created",
    "branch_updated",
    "branch_deleted",
    "tag_created",
    "tag_updated",
    "tag_deleted",
];

/// The events as the API calls them.
fn events(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Harness => HARNESS,
        Provider::Gitea | Provider::Forgejo | Provider::Gogs => &["push", "create", "delete"],
        Provider::BitbucketCloud => &["repo:push"],
        Provider::BitbucketDataCenter => &["repo:refs_changed"],
        _ => &["push"],
    }
}

/// The field that holds the events.
fn events_field(provider: Provider) -> &'static str {
    match provider {
        Provider::Harness => "triggers",
        _ => "events",
    }
}

/// Whether a hook is changed with PATCH, or PUT.
pub(super) fn is_patched(provider: Provider) -> bool {
    matches!(
        provider,
        Provider::Harness | Provider::Github | Provider::Gitea | Provider::Forgejo | Provider::Gogs
    )
}

fn is_true(hook: &Value, pointer: &str) -> bool {
    hook.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

fn has_events(provider: Provider, hook: &Value) -> bool {
    let told: Vec<&str> = hook
        .get(events_field(provider))
        .and_then(Value::as_array)
        .map(|events| events.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    // An empty list of a Harness hook means all.
    let all = told.contains(&"*") || (provider == Provider::Harness && told.is_empty());
    all || events(provider).iter().all(|event| told.contains(event))
}

/// Whether a listed hook delivers what refsync needs.
pub(super) fn works(provider: Provider, hook: &Value) -> bool {
    let json = hook.pointer("/config/content_type").and_then(Value::as_str) == Some("json");
    match provider {
        Provider::Harness => is_true(hook, "/enabled") && has_events(provider, hook),
        Provider::Gitlab => {
            let filter = hook.get("push_events_branch_filter").and_then(Value::as_str);
            let alert = hook.get("alert_status").and_then(Value::as_str);
            is_true(hook, "/push_events")
                && is_true(hook, "/tag_push_events")
                && filter.is_none_or(str::is_empty)
                && alert.is_none_or(|status| status == "executable")
        }
        Provider::BitbucketCloud | Provider::BitbucketDataCenter => {
            is_true(hook, "/active") && has_events(provider, hook)
        }
        Provider::Gitea | Provider::Forgejo => {
            let filter = hook.get("branch_filter").and_then(Value::as_str);
            is_true(hook, "/active")
                && json
                && has_events(provider, hook)
                && filter.is_none_or(|filter| matches!(filter, "" | "*"))
        }
        _ => is_true(hook, "/active") && json && has_events(provider, hook),
    }
}

/// The events wanted, and those that a person ticked besides.
fn all_events(provider: Provider, found: Option<&Value>) -> Vec<String> {
    let mut all: Vec<String> = found
        .and_then(|hook| hook.get(events_field(provider)))
        .and_then(Value::as_array)
        .map(|events| {
            events
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    for event in events(provider) {
        if !all.iter().any(|told| told == event) {
            all.push((*event).to_owned());
        }
    }
    all
}

/// The body that makes or repairs the hook, without the secret.
pub(super) fn body(provider: Provider, wanted: &Wanted<'_>, found: Option<&Value>) -> Value {
    let url = wanted.hook_url;
    let events = all_events(provider, found);
    // How the host checks certificates is a person's choice, and kept.
    let kept = |pointer: &str, otherwise: Value| {
        found
            .and_then(|hook| hook.pointer(pointer))
            .cloned()
            .unwrap_or(otherwise)
    };
    match provider {
        Provider::Harness => {
            json!({
                "identifier": kept("/identifier", Value::String(identifier(url))),
                "display_name": kept("/display_name", json!("refsync")),
                "url": url,
                "enabled": true,
                "insecure": kept("/insecure", json!(false)),
                "triggers": events,
            })
        }
        Provider::Gitlab => json!({
            "url": url,
            "push_events": true,
            "tag_push_events": true,
            "push_events_branch_filter": "",
            "branch_filter_strategy": "all_branches",
            "enable_ssl_verification": kept("/enable_ssl_verification", json!(true)),
        }),
        Provider::BitbucketCloud => json!({
            "description": "refsync",
            "url": url,
            "active": true,
            "events": events,
        }),
        Provider::BitbucketDataCenter => json!({
            "name": "refsync",
            "url": url,
            "active": true,
            "events": events,
            "configuration": {},
        }),
        Provider::Github => json!({
            "name": "web",
            "active": true,
            "events": events,
            "config": {"url": url, "content_type": "json", "insecure_ssl": kept("/config/insecure_ssl", json!("0"))},
        }),
        _ => json!({
            "type": provider.word(),
            "active": true,
            "events": events,
            "branch_filter": "*",
            "config": {"url": url, "content_type": "json"},
        }),
    }
}

/// A name that is the same for the same address, and another for every other one.
fn identifier(url: &str) -> String {
    let hash = hex::encode(Sha256::digest(url.as_bytes()));
    format!("refsync_{}", &hash[..12])
}
