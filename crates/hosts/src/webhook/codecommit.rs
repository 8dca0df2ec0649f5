//! AWS CodeCommit: state changes as EventBridge sends them to an API destination.

use serde::Deserialize;

use super::body::Body;
use super::told::{Zeros, told_name, value};
use super::{Delivery, Malformed, Push, Told, ignored};

const STATE_CHANGE: &str = "CodeCommit Repository State Change";

const WANTED: &str = "`detail-type` \"CodeCommit Repository State Change\" and `detail` with `event`, `referenceFullName`, \
                      `oldCommitId` and `commitId`";

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    region: Option<String>,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event: Option<String>,
    repository_name: Option<String>,
    reference_full_name: Option<String>,
    old_commit_id: Option<String>,
    commit_id: Option<String>,
    caller_user_arn: Option<String>,
}

pub(super) fn read(said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let kind: Kind = body.fields(WANTED)?;
    match kind.detail_type.as_deref() {
        Some(STATE_CHANGE) => {}
        Some(other) => {
            return Ok(ignored(
                other,
                "only repository state changes tell of changed references",
            ));
        }
        None => return Err(Malformed(format!("detail-type is missing: expected {WANTED}"))),
    }
    let payload: Payload = body.fields(WANTED)?;
    let detail = payload.detail;
    let Some(event) = said.or(detail.event.as_deref()) else {
        return Err(Malformed(format!("detail.event is missing: expected {WANTED}")));
    };
    if !matches!(
        event,
        "referenceCreated" | "referenceUpdated" | "referenceDeleted"
    ) {
        return Ok(ignored(
            event,
            "only referenceCreated, referenceUpdated and referenceDeleted tell of changed references",
        ));
    }
    let name = told_name("detail.referenceFullName", detail.reference_full_name.as_deref())?;
    // A tag's own value is not told: the ids are of commits.
    let told = |field: &str, text: Option<&str>| match name.starts_with("refs/tags/") {
        true => Ok(Told::Unknown),
        false => value(field, text, Zeros::Absent),
    };
    let old = match event {
        "referenceCreated" => Told::Absent,
        _ => told("detail.oldCommitId", detail.old_commit_id.as_deref())?,
    };
    let new = match event {
        "referenceDeleted" => Told::Absent,
        _ => told("detail.commitId", detail.commit_id.as_deref())?,
    };
    let url = clone_url(payload.region.as_deref(), detail.repository_name.as_deref());
    let mut push = Push::new(event)
        .with_urls([url.as_deref()])
        .by([detail.caller_user_arn.as_deref()]);
    push.add(name, old, new);
    Ok(Delivery::Push(push))
}

fn clone_url(region: Option<&str>, name: Option<&str>) -> Option<String> {
    let (region, name) = (region?, name?);
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    Some(format!(
        "https://git-codecommit.{region}.amazonaws.com{china}/v1/repos/{name}"
    ))
}
