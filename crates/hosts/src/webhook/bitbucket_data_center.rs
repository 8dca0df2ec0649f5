//! Bitbucket Data Center (formerly Server): all references of one push in one delivery.

use serde::Deserialize;

use super::body::Body;
use super::header::event;
use super::told::{Person, Zeros, names, told_name, value};
use super::{Delivery, Headers, Malformed, Push, Told, ignored};

const WANTED: &str = "`changes[]` with `ref.id`, `fromHash` and `toHash` of a repo:refs_changed event";

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "eventKey")]
    event_key: Option<String>,
    test: Option<bool>,
}

#[derive(Deserialize)]
struct Payload {
    changes: Vec<Change>,
    repository: Option<Repository>,
    actor: Option<Person>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "ref")]
    reference: Option<Reference>,
    #[serde(rename = "refId")]
    ref_id: Option<String>,
    #[serde(rename = "fromHash")]
    from: Option<String>,
    #[serde(rename = "toHash")]
    to: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    links: Option<Links>,
}

#[derive(Deserialize)]
struct Links {
    #[serde(default)]
    clone: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: Option<String>,
}

pub(super) fn read(headers: &Headers, said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let kind: Kind = body.fields(WANTED)?;
    let said = event(said, headers, &["x-event-key"]).or(kind.event_key.as_deref());
    let event = match said {
        Some(event) => event,
        None if kind.test == Some(true) => "diagnostics:ping",
        None => {
            return Err(Malformed(format!(
                "the header X-Event-Key is missing: expected {WANTED}"
            )));
        }
    };
    match event {
        "repo:refs_changed" => {}
        "diagnostics:ping" => return Ok(Delivery::Ping),
        _ => {
            return Ok(ignored(
                event,
                "only repo:refs_changed tells of changed references",
            ));
        }
    }
    let payload: Payload = body.fields(WANTED)?;
    let links = payload.repository.and_then(|repository| repository.links);
    let clones = links.map_or_else(Vec::new, |links| links.clone);
    let mut push = Push::new(event)
        .with_urls(clones.iter().map(|link| link.href.as_deref()))
        .by(names(payload.actor.as_ref()));
    for change in &payload.changes {
        let id = change
            .reference
            .as_ref()
            .and_then(|reference| reference.id.as_deref());
        let name = told_name("changes[].ref.id", id.or(change.ref_id.as_deref()))?;
        let from = value("fromHash", change.from.as_deref(), Zeros::Absent)?;
        let to = value("toHash", change.to.as_deref(), Zeros::Absent)?;
        match change.kind.as_deref() {
            Some("ADD") => push.add(name, Told::Absent, to),
            Some("DELETE") => push.add(name, from, Told::Absent),
            _ => push.add(name, from, to),
        }
    }
    Ok(Delivery::Push(push))
}
