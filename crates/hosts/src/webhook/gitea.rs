//! Gitea, Forgejo and Gogs.
//!
//! A branch that is made comes as `push` and `create`, one that is deleted as `delete` alone. A tag of Gitea and Forgejo comes as
//! `push` (with zeros before it, also when it was moved) and `create` or `delete`; a tag of Gogs as `create` or `delete` alone.

use serde::Deserialize;

use super::body::Body;
use super::header::event;
use super::told::{Person, Zeros, full_name, names, told_name, value};
use super::{Delivery, Headers, Malformed, Push, Told, ignored};

const WANTED: &str = "`ref`, `before` and `after` of a push event, or `ref` and `ref_type` of a delete event";

/// Which of them, as far as they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Gitea and Forgejo.
    Gitea,
    /// Gogs, which tells of a new tag in a `create` event alone.
    Gogs,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    ref_type: Option<String>,
    before: Option<String>,
    after: Option<String>,
    repository: Option<Repository>,
    pusher: Option<Person>,
    sender: Option<Person>,
}

#[derive(Deserialize)]
struct Repository {
    clone_url: Option<String>,
    ssh_url: Option<String>,
}

const HEADERS: &[&str] = &[
    "x-forgejo-event",
    "x-gitea-event",
    "x-gogs-event",
    "x-github-event",
];

pub(super) fn read(
    kind: Kind,
    headers: &Headers,
    said: Option<&str>,
    body: &Body<'_>,
) -> Result<Delivery, Malformed> {
    let event = event(said, headers, HEADERS);
    if let Some(event) = event.filter(|event| !matches!(*event, "push" | "create" | "delete")) {
        body.check()?;
        return Ok(ignored(
            event,
            "only push, create and delete tell of changed references",
        ));
    }
    let payload: Payload = body.fields(WANTED)?;
    let event = match event {
        Some(event) => event,
        None if payload.after.is_some() => "push",
        None => {
            return Err(Malformed(format!(
                "the event's header is missing: expected {WANTED}"
            )));
        }
    };
    let name = told_name("ref", payload.reference.as_deref())?;
    let reference_kind = payload.ref_type.as_deref().unwrap_or_default();
    let repository = payload.repository.as_ref();
    let mut push = Push::new(event)
        .with_urls([
            repository.and_then(|r| r.clone_url.as_deref()),
            repository.and_then(|r| r.ssh_url.as_deref()),
        ])
        .by(names(payload.pusher.as_ref()).chain(names(payload.sender.as_ref())));
    match event {
        "push" => {
            let new = value("after", payload.after.as_deref(), Zeros::Absent)?;
            let zeros = if name.starts_with("refs/tags/") {
                Zeros::Unknown
            } else {
                Zeros::Absent
            };
            push.add(name, value("before", payload.before.as_deref(), zeros)?, new);
        }
        "create" if kind == Kind::Gogs && reference_kind == "tag" => {
            push.add(&full_name("tag", "ref_type", name)?, Told::Unknown, Told::Unknown);
        }
        "create" => return Ok(ignored(event, "a push event tells the same, with the values")),
        _ => {
            let name = full_name(reference_kind, "ref_type", name)?;
            push.add(&name, Told::Unknown, Told::Absent);
        }
    }
    Ok(Delivery::Push(push))
}
