//! What needs a person: a row for each cause.

use store::Time;

use crate::api::model::service::Notice;
use crate::output::names::visible;
use crate::web::pages::rows::{Link, conflict_href, cut, mirror_href};
use crate::web::show::{When, counted};

/// Something that needs a person.
pub(super) struct Cause {
    pub(super) tone: &'static str,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) since: When,
    pub(super) links: Vec<Link>,
    /// The cause's own name, if its mirrors can be tried again.
    pub(super) retry: Option<String>,
}

pub(super) fn cause(notice: &Notice, now: Time) -> Cause {
    let mut links = Vec::new();
    let mirror = match &notice.mirrors[..] {
        [mirror] => Some(mirror),
        _ => None,
    };
    match notice.cause.split(' ').collect::<Vec<_>>()[..] {
        ["conflict", mirror, reference, ..] => {
            links.push(Link::new(conflict_href(mirror, reference), "Settle…").main());
        }
        ["held", _, run] => {
            links.push(Link::new(format!("/runs/{run}/approve"), "Approve…").main());
            links.push(Link::new(format!("/runs/{run}"), "Look"));
        }
        _ => {}
    }
    match mirror {
        Some(mirror) => links.push(Link::new(mirror_href(mirror), "Mirror")),
        None => links.push(Link::new("/?state=failed", "Show mirrors")),
    }
    Cause {
        tone: if notice.event == "failure" {
            "failed"
        } else {
            "waiting"
        },
        title: cut(&visible(notice.text.as_bytes())),
        detail: match mirror {
            Some(mirror) => mirror.clone(),
            None => counted(notice.mirrors.len() as u64, "mirror"),
        },
        since: When::of(notice.since.0, now),
        retry: (notice.event == "failure").then(|| notice.cause.clone()),
        links,
    }
}
