//! Harness Code and Gitness. The event stands in the body, which is signed, and in a header whose name is configurable.

use serde::Deserialize;

use super::body::Body;
use super::header::event;
use super::told::{Person, Zeros, names, told_name, value};
use super::{Delivery, Headers, Malformed, Push, Told, ignored};

const WANTED: &str = "`trigger`, `ref.name`, `old_sha` and `sha` of a Harness delivery";

#[derive(Deserialize)]
struct Kind {
    trigger: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    repo: Option<Repository>,
    #[serde(rename = "ref")]
    reference: Option<Reference>,
    old_sha: Option<String>,
    sha: Option<String>,
    principal: Option<Person>,
}

#[derive(Deserialize)]
struct Repository {
    git_url: Option<String>,
    git_ssh_url: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    name: Option<String>,
}

pub(super) fn read(headers: &Headers, said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let kind: Kind = body.fields(WANTED)?;
    let told = said.or(kind.trigger.as_deref());
    let named = ["x-harness-trigger", "x-gitness-trigger"];
    let Some(event) = event(told, headers, &named) else {
        return Err(Malformed(format!("the event is missing: expected {WANTED}")));
    };
    let (created, deleted) = match event {
        "branch_created" | "tag_created" => (true, false),
        "branch_updated" | "tag_updated" => (false, false),
        "branch_deleted" | "tag_deleted" => (false, true),
        _ => {
            return Ok(ignored(
                event,
                "only branch_* and tag_* events tell of changed references",
            ));
        }
    };
    let payload: Payload = body.fields(WANTED)?;
    let name = told_name(
        "ref.name",
        payload.reference.as_ref().and_then(|r| r.name.as_deref()),
    )?;
    // The event is the surer sign: zeros beside an update say nothing.
    let old = match value("old_sha", payload.old_sha.as_deref(), Zeros::Unknown)? {
        _ if created => Told::Absent,
        told => told,
    };
    let new = match value("sha", payload.sha.as_deref(), Zeros::Unknown)? {
        _ if deleted => Told::Absent,
        told => told,
    };
    let repository = payload.repo.as_ref();
    let mut push = Push::new(event)
        .with_urls([
            repository.and_then(|r| r.git_url.as_deref()),
            repository.and_then(|r| r.git_ssh_url.as_deref()),
        ])
        .by(names(payload.principal.as_ref()));
    push.add(name, old, new);
    Ok(Delivery::Push(push))
}
