//! Bitbucket Cloud: all references of one push in one delivery, or none.

use serde::Deserialize;

use super::body::Body;
use super::header::event;
use super::told::{Person, Zeros, full_name, names, told_name, value};
use super::{Delivery, Headers, Malformed, Push, Told, ignored};

const WANTED: &str = "`push.changes[]` with `old` and `new` of a Bitbucket repo:push event";

#[derive(Deserialize)]
struct Payload {
    push: Changes,
    repository: Option<Repository>,
    actor: Option<Person>,
}

#[derive(Deserialize)]
struct Changes {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    old: Option<State>,
    new: Option<State>,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    hash: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: Option<String>,
}

pub(super) fn read(headers: &Headers, said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let event = event(said, headers, &["x-event-key"]).unwrap_or("repo:push");
    if event == "diagnostics:ping" {
        return body.check().map(|()| Delivery::Ping);
    }
    if event != "repo:push" {
        body.check()?;
        return Ok(ignored(event, "only repo:push tells of changed references"));
    }
    let payload: Payload = body.fields(WANTED)?;
    let url = payload
        .repository
        .and_then(|repository| repository.full_name)
        .filter(|name| !name.is_empty())
        .map(|name| format!("https://bitbucket.org/{name}.git"));
    let mut push = Push::new(event)
        .with_urls([url.as_deref()])
        .by(names(payload.actor.as_ref()));
    for change in &payload.push.changes {
        let old = change.old.as_ref().map(State::read).transpose()?;
        let new = change.new.as_ref().map(State::read).transpose()?;
        match (old, new) {
            (Some((old, was)), Some((new, is))) if old == new => push.add(&new, was, is),
            (None, Some((name, is))) => push.add(&name, Told::Absent, is),
            (Some((name, was)), None) => push.add(&name, was, Told::Absent),
            (Some((old, was)), Some((new, is))) => {
                push.add(&old, was, Told::Absent);
                push.add(&new, Told::Absent, is);
            }
            (None, None) => {
                return Err(Malformed(format!(
                    "a change has neither `old` nor `new`: expected {WANTED}"
                )));
            }
        }
    }
    Ok(Delivery::Push(push))
}

impl State {
    /// The full name, and the value if it is the reference's own: for a tag the host tells the commit behind it.
    fn read(&self) -> Result<(String, Told), Malformed> {
        let short = told_name("push.changes[].name", self.name.as_deref())?;
        let kind = self.kind.as_deref().unwrap_or_default();
        let name = full_name(kind, "push.changes[].type", short)?;
        if name.starts_with("refs/tags/") {
            return Ok((name, Told::Unknown));
        }
        let hash = self.target.as_ref().and_then(|target| target.hash.as_deref());
        Ok((name, value("target.hash", hash, Zeros::Unknown)?))
    }
}
