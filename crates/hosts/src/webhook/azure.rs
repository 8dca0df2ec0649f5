//! Azure DevOps: service hooks, `git.push`.

use serde::Deserialize;

use super::body::Body;
use super::told::{Person, Zeros, names, told_name, value};
use super::{Delivery, Malformed, Push, ignored};

const WANTED: &str = "`eventType` git.push and `resource.refUpdates[]` with `name`, `oldObjectId` and `newObjectId` \
                      (resource details to send: all)";

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "eventType")]
    event_type: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    resource: Resource,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    ref_updates: Vec<Update>,
    repository: Option<Repository>,
    pushed_by: Option<Person>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    name: Option<String>,
    old_object_id: Option<String>,
    new_object_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    remote_url: Option<String>,
}

pub(super) fn read(said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let kind: Kind = body.fields(WANTED)?;
    let Some(event) = said.or(kind.event_type.as_deref()) else {
        return Err(Malformed(format!("eventType is missing: expected {WANTED}")));
    };
    if event != "git.push" {
        return Ok(ignored(event, "only git.push tells of changed references"));
    }
    let resource = body.fields::<Payload>(WANTED)?.resource;
    let url = resource
        .repository
        .as_ref()
        .and_then(|repository| repository.remote_url.as_deref());
    let mut push = Push::new(event)
        .with_urls([url])
        .by(names(resource.pushed_by.as_ref()));
    for update in &resource.ref_updates {
        let name = told_name("resource.refUpdates[].name", update.name.as_deref())?;
        let old = value("oldObjectId", update.old_object_id.as_deref(), Zeros::Absent)?;
        let new = value("newObjectId", update.new_object_id.as_deref(), Zeros::Absent)?;
        push.add(name, old, new);
    }
    Ok(Delivery::Push(push))
}
