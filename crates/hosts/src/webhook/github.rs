//! GitHub and GitHub Enterprise: one reference per `push` event.

use serde::Deserialize;

use super::body::Body;
use super::header::event;
use super::told::{Person, Zeros, names, told_name, value};
use super::{Delivery, Headers, Malformed, Push, Told, ignored};

const WANTED: &str = "`ref`, `before` and `after` of a GitHub push event";

#[derive(Deserialize)]
struct Shape {
    zen: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    after: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    deleted: bool,
    repository: Option<Repository>,
    pusher: Option<Person>,
    sender: Option<Person>,
}

#[derive(Deserialize)]
struct Repository {
    clone_url: Option<String>,
    ssh_url: Option<String>,
}

pub(super) fn read(headers: &Headers, said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let event = match event(said, headers, &["x-github-event"]) {
        Some(event) => event,
        None => guess(body)?,
    };
    match event {
        "push" => {}
        "ping" => return body.check().map(|()| Delivery::Ping),
        "create" | "delete" => {
            body.check()?;
            return Ok(ignored(event, "a push event tells the same, with the values"));
        }
        _ => {
            body.check()?;
            return Ok(ignored(event, "only push events tell of changed references"));
        }
    }
    let payload: Payload = body.fields(WANTED)?;
    let name = told_name("ref", payload.reference.as_deref())?;
    // Forgejo, Gitea and Gogs send GitHub's headers too, and zeros before a tag that they moved.
    let lookalike = headers.keys().any(|header| {
        matches!(
            header.as_str(),
            "x-gitea-event" | "x-forgejo-event" | "x-gogs-event"
        )
    });
    let zeros = if lookalike && name.starts_with("refs/tags/") {
        Zeros::Unknown
    } else {
        Zeros::Absent
    };
    let old = match value("before", payload.before.as_deref(), zeros)? {
        Told::Unknown if payload.created => Told::Absent,
        told => told,
    };
    let new = match value("after", payload.after.as_deref(), Zeros::Absent)? {
        Told::Unknown if payload.deleted => Told::Absent,
        told => told,
    };
    let repository = payload.repository.as_ref();
    let mut push = Push::new(event)
        .with_urls([
            repository.and_then(|r| r.clone_url.as_deref()),
            repository.and_then(|r| r.ssh_url.as_deref()),
        ])
        .by(names(payload.sender.as_ref()).chain(names(payload.pusher.as_ref())));
    push.add(name, old, new);
    Ok(Delivery::Push(push))
}

/// The event of a body without its header, as a person pastes it.
fn guess(body: &Body<'_>) -> Result<&'static str, Malformed> {
    let shape: Shape = body.fields(WANTED)?;
    match shape {
        Shape { zen: Some(_), .. } => Ok("ping"),
        Shape {
            reference: Some(_),
            after: Some(_),
            ..
        } => Ok("push"),
        _ => Err(Malformed(format!(
            "the header X-GitHub-Event is missing, and the body is no push: expected {WANTED}"
        ))),
    }
}
