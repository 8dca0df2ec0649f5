//! Gerrit: the events of its webhooks plugin.

use serde::Deserialize;

use super::body::Body;
use super::told::{Person, Zeros, full_name, names, told_name, value};
use super::{Delivery, Malformed, Push, ignored};

const WANTED: &str = "`type` ref-updated and `refUpdate` with `refName`, `oldRev`, `newRev` and `project`";

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    ref_update: Option<Update>,
    /// Of `batch-ref-updated`.
    #[serde(default)]
    ref_updates: Vec<Update>,
    submitter: Option<Person>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    old_rev: Option<String>,
    new_rev: Option<String>,
    ref_name: Option<String>,
    project: Option<String>,
}

pub(super) fn read(said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let kind: Kind = body.fields(WANTED)?;
    let Some(event) = said.or(kind.kind.as_deref()) else {
        return Err(Malformed(format!("type is missing: expected {WANTED}")));
    };
    if !matches!(event, "ref-updated" | "batch-ref-updated") {
        return Ok(ignored(event, "only ref-updated tells of changed references"));
    }
    let payload: Payload = body.fields(WANTED)?;
    if payload.ref_update.is_none() && event == "ref-updated" {
        return Err(Malformed(format!("refUpdate is missing: expected {WANTED}")));
    }
    let mut push = Push::new(event).by(names(payload.submitter.as_ref()));
    for update in payload.ref_update.iter().chain(&payload.ref_updates) {
        let name = told_name("refUpdate.refName", update.ref_name.as_deref())?;
        // Some versions tell a branch by its short name.
        let name = full_name("branch", "refUpdate.refName", name)?;
        let old = value("refUpdate.oldRev", update.old_rev.as_deref(), Zeros::Absent)?;
        let new = value("refUpdate.newRev", update.new_rev.as_deref(), Zeros::Absent)?;
        push.add(&name, old, new);
        push.path = push
            .path
            .or_else(|| update.project.as_deref().map(super::header::shown));
    }
    Ok(Delivery::Push(push))
}
