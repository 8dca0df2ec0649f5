//! GitLab: hooks of projects and groups (`object_kind`) and of the system (`event_name`).

use serde::Deserialize;

use super::body::Body;
use super::told::{Zeros, told_name, value};
use super::{Delivery, Malformed, Push, ignored};

const WANTED: &str = "`object_kind` (push or tag_push), `ref`, `before` and `after` of a GitLab delivery";

#[derive(Deserialize)]
struct Kind {
    object_kind: Option<String>,
    event_name: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// Of `repository_update`, which tells all references of one push.
    changes: Option<Vec<Change>>,
    project: Option<Project>,
    user_username: Option<String>,
    user_name: Option<String>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Deserialize)]
struct Project {
    git_http_url: Option<String>,
    git_ssh_url: Option<String>,
}

pub(super) fn read(said: Option<&str>, body: &Body<'_>) -> Result<Delivery, Malformed> {
    let kind: Kind = body.fields(WANTED)?;
    let said = said.map(|said| match said {
        "Push Hook" => "push",
        "Tag Push Hook" => "tag_push",
        other => other,
    });
    // `System Hook` of a header says nothing: the body does.
    let Some(event) = said
        .filter(|said| *said != "System Hook")
        .or(kind.object_kind.as_deref())
        .or(kind.event_name.as_deref())
    else {
        return Err(Malformed(format!("the event is missing: expected {WANTED}")));
    };
    let several = match event {
        "push" | "tag_push" => false,
        "repository_update" => true,
        _ => {
            return Ok(ignored(
                event,
                "only push, tag_push and repository_update tell of changed references",
            ));
        }
    };
    let payload: Payload = body.fields(WANTED)?;
    let project = payload.project.as_ref();
    let mut push = Push::new(event)
        .with_urls([
            project.and_then(|p| p.git_http_url.as_deref()),
            project.and_then(|p| p.git_ssh_url.as_deref()),
        ])
        .by([payload.user_username.as_deref(), payload.user_name.as_deref()]);
    if several {
        for change in payload.changes.iter().flatten() {
            change.add_to(&mut push)?;
        }
    } else {
        let (reference, before, after) = (payload.reference, payload.before, payload.after);
        let change = Change {
            reference,
            before,
            after,
        };
        change.add_to(&mut push)?;
    }
    Ok(Delivery::Push(push))
}

impl Change {
    fn add_to(&self, push: &mut Push) -> Result<(), Malformed> {
        let name = told_name("ref", self.reference.as_deref())?;
        let old = value("before", self.before.as_deref(), Zeros::Absent)?;
        let new = value("after", self.after.as_deref(), Zeros::Absent)?;
        push.add(name, old, new);
        Ok(())
    }
}
