//! What needs a person: a row for each cause.

use std::collections::BTreeMap;

use store::Time;
use store::conflict::Refusals;

use crate::api::model::service::Notice;
use crate::output::names::visible;
use crate::web::pages::rows::{Link, conflict_href, cut, mirror_href, settle_word};
use crate::web::show::{When, counted};

/// All causes, the oldest first, for somebody who may act on them or only look.
pub(super) fn causes(notices: &[Notice], refusals: &[Refusals], may_operate: bool, now: Time) -> Vec<Cause> {
    let mut causes: Vec<(Time, Cause)> = notices
        .iter()
        .map(|notice| (notice.since.0, cause(notice, may_operate, now)))
        .collect();
    let mut reasons: BTreeMap<&str, Vec<&Refusals>> = BTreeMap::new();
    for one in refusals {
        reasons.entry(&one.text).or_default().push(one);
    }
    causes.extend(
        reasons
            .iter()
            .filter_map(|(reason, all)| refused(reason, all, now)),
    );
    causes.sort_by_key(|(since, _)| *since);
    causes.into_iter().map(|(_, cause)| cause).collect()
}

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

fn cause(notice: &Notice, may_operate: bool, now: Time) -> Cause {
    let mut links = Vec::new();
    let mirror = match &notice.mirrors[..] {
        [mirror] => Some(mirror),
        _ => None,
    };
    match notice.cause.split(' ').collect::<Vec<_>>()[..] {
        ["conflict", mirror, reference, ..] => {
            let link = Link::new(conflict_href(mirror, reference), settle_word(may_operate));
            links.push(if may_operate { link.main() } else { link });
        }
        ["held", _, run] => {
            if may_operate {
                links.push(Link::new(format!("/runs/{run}/approve"), "Approve…").main());
            }
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

/// References that a host's rules, or refsync's own, keep from being written, for one reason.
fn refused(reason: &str, all: &[&Refusals], now: Time) -> Option<(Time, Cause)> {
    let since = all.iter().map(|one| one.since).min()?;
    let references = counted(all.iter().map(|one| one.references).sum(), "reference");
    let (detail, link) = match all {
        [one] => (one.mirror.clone(), Link::new(mirror_href(&one.mirror), "Mirror")),
        _ => (
            counted(all.len() as u64, "mirror"),
            Link::new("/?state=waiting", "Show mirrors"),
        ),
    };
    let cause = Cause {
        tone: "waiting",
        title: cut(&format!(
            "{references} not written: {}",
            visible(reason.as_bytes())
        )),
        detail,
        since: When::of(since, now),
        links: vec![link],
        retry: None,
    };
    Some((since, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(mirror: &str, text: &str, references: u64, since: i64) -> Refusals {
        Refusals {
            mirror: mirror.into(),
            text: text.into(),
            references,
            since: Time(since),
        }
    }

    #[test]
    fn refusals_for_one_reason_are_one_cause_and_the_oldest_comes_first() {
        let found = [
            refusals("app", "protected", 1, 30),
            refusals("web", "hook declined", 1, 10),
            refusals("app", "hook declined", 2, 20),
        ];
        let causes = causes(&[], &found, true, Time(100));
        let told: Vec<(&str, &str)> = causes
            .iter()
            .map(|cause| (cause.title.as_str(), cause.detail.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("3 references not written: hook declined", "2 mirrors"),
                ("1 reference not written: protected", "app"),
            ]
        );
        assert_eq!(causes[0].links[0].href, "/?state=waiting");
        assert_eq!(causes[1].links[0].href, "/mirrors/app");
    }
}
