//! What the API tells, as JSON.

use serde_json::{Value, json};

/// An id of a run.
pub(crate) const RUN: &str = "019a0b1c-2d3e-7000-8000-000000000001";

/// A mirror.
pub(crate) fn mirror(name: &str) -> Value {
    json!({
        "name": name, "description": null, "labels": {"team": "pay"}, "direction": "two-way",
        "source": {"url": "https://a.example/app.git", "credential": null, "provider": "gitea", "hook": "enabled"},
        "target": {"url": "https://b.example/app.git", "credential": null, "provider": "gitea", "hook": "enabled"},
        "references": ["refs/heads/*"], "syncDelete": {"toTarget": false, "toSource": false}, "force": "lease",
        "atomic": false, "sweepSeconds": 300, "schedule": null, "webhooks": true, "origin": "api", "readOnly": false,
        "version": 7, "state": "in-sync", "behindSince": null, "inSyncAt": "2026-11-21T09:00:00.000Z",
        "changedAt": null, "lastRun": null, "failures": 0, "error": null, "nextAt": null,
        "counts": {"conflicts": 0, "held": 0, "refused": 0, "references": 3}, "refusal": null, "paused": null,
        "spec": {"name": name, "source": "https://a.example/app.git", "target": "https://b.example/app.git"},
    })
}

/// A run in a state, with an exit code.
pub(crate) fn run(state: &str, exit: Option<u8>) -> Value {
    json!({
        "id": RUN, "mirror": "app", "trigger": "person", "actor": "ci",
        "inputs": {
            "inputSet": "forward", "sourceUrl": "https://a.example/app.git", "sourceCredential": null,
            "targetUrl": "https://b.example/app.git", "targetCredential": null, "reverse": false, "references": [],
            "referenceShaOld": null, "syncDelete": null, "force": null, "atomic": false, "dryRun": false,
            "order": null, "told": [],
        },
        "state": state, "createdAt": "2026-11-21T09:00:00.000Z", "startedAt": "2026-11-21T09:00:00.000Z",
        "endedAt": exit.map(|_| "2026-11-21T09:00:01.000Z"), "worker": "w", "stages": [], "bytes": 0, "written": 1,
        "inSync": 2, "exitCode": exit, "fault": null, "of": null, "attempt": 1,
    })
}

/// A reference of a run.
pub(crate) fn reference(name: &str, outcome: &str) -> Value {
    json!({
        "name": name, "to": "target", "old": null, "new": "1111111111111111111111111111111111111111",
        "outcome": outcome, "text": outcome, "remote": null, "replaced": false,
    })
}

/// A line of a log.
pub(crate) fn log(number: u32, level: &str, text: &str) -> Value {
    json!({"number": number, "at": "2026-11-21T09:00:00.000Z", "level": level, "text": text})
}

/// The last page of a list.
pub(crate) fn page(items: &[Value]) -> Value {
    json!({"items": items, "next": null})
}

/// A conflict.
pub(crate) fn conflict() -> Value {
    json!({
        "mirror": "app", "reference": "refs/heads/main", "source": "1".repeat(40), "target": "2".repeat(40),
        "base": null, "text": "both sides changed", "since": "2026-11-21T09:00:00.000Z", "run": RUN,
        "choices": ["source", "target"],
    })
}
