//! What needs a person: a row for each cause.

use std::collections::{BTreeMap, BTreeSet};

use store::Time;
use store::conflict::Refusals;

use crate::ops::service::{Cause as Told, cause_id};
use crate::output::names::visible;
use crate::web::pages::rows::{Link, conflict_href, cut, mirror_href, segment, settle_word};
use crate::web::show::{When, counted};

/// All causes: failures before what waits for a decision, of each the oldest first; for somebody who may act on
/// them or only look.
pub(super) fn causes(told: &[Told], refusals: &[Refusals], may_operate: bool, now: Time) -> Vec<Cause> {
    let mut conflicts: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
    let mut causes: Vec<(Time, Cause)> = Vec::new();
    for one in told {
        match (&one.notice.mirrors[..], one.notice.event.as_str()) {
            ([mirror], "conflict") => conflicts.entry(mirror).or_default().push(one),
            _ => causes.push((one.notice.since.0, cause(one, may_operate, now))),
        }
    }
    causes.extend(
        conflicts
            .iter()
            .filter_map(|(mirror, all)| in_conflict(mirror, all, may_operate, now)),
    );
    let mut reasons: BTreeMap<&str, Vec<&Refusals>> = BTreeMap::new();
    for one in refusals {
        reasons.entry(&one.text).or_default().push(one);
    }
    causes.extend(
        reasons
            .iter()
            .filter_map(|(reason, all)| refused(reason, all, now)),
    );
    causes.sort_by_key(|(since, cause)| (cause.tone != FAILED, *since));
    causes.into_iter().map(|(_, cause)| cause).collect()
}

/// The tone of what fails until somebody repairs it.
const FAILED: &str = "failed";

/// Something that needs a person.
pub(super) struct Cause {
    /// Tells it from others, in addresses and forms.
    pub(super) id: String,
    pub(super) tone: &'static str,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) since: When,
    pub(super) links: Vec<Link>,
    /// Its mirrors can be tried again.
    pub(super) retry: bool,
    /// The mirrors that it concerns.
    pub(super) mirrors: BTreeSet<String>,
}

fn cause(told: &Told, may_operate: bool, now: Time) -> Cause {
    let Told { id, notice } = told;
    let mut links = Vec::new();
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
    let (detail, link) = concerned(id, &notice.mirrors);
    links.extend(link);
    let failed = notice.event == "failure";
    Cause {
        id: id.clone(),
        tone: if failed { FAILED } else { "waiting" },
        title: cut(&visible(notice.text.as_bytes())),
        detail,
        since: When::of(notice.since.0, now),
        retry: failed && !notice.mirrors.is_empty(),
        links,
        mirrors: notice.mirrors.iter().cloned().collect(),
    }
}

/// Which mirrors a cause concerns, and where they are seen.
fn concerned(id: &str, mirrors: &[String]) -> (String, Option<Link>) {
    match mirrors {
        [] => (String::new(), None),
        [mirror] => (mirror.clone(), Some(Link::new(mirror_href(mirror), "Mirror"))),
        _ => (
            counted(mirrors.len() as u64, "mirror"),
            Some(Link::new(format!("/?cause={id}"), "Show mirrors")),
        ),
    }
}

/// The conflicts of a mirror: one row, however many there are.
fn in_conflict(mirror: &str, all: &[&Told], may_operate: bool, now: Time) -> Option<(Time, Cause)> {
    let since = all.iter().map(|one| one.notice.since.0).min()?;
    if let [one] = all {
        return Some((since, cause(one, may_operate, now)));
    }
    let list = Link::new(
        format!("/conflicts?mirror={}", segment(mirror)),
        settle_word(may_operate),
    );
    let cause = Cause {
        id: cause_id(&format!("conflicts {mirror}")),
        tone: "waiting",
        title: format!(
            "{} of {mirror} wait to be settled",
            counted(all.len() as u64, "conflict")
        ),
        detail: mirror.to_owned(),
        since: When::of(since, now),
        links: vec![
            if may_operate { list.main() } else { list },
            Link::new(mirror_href(mirror), "Mirror"),
        ],
        retry: false,
        mirrors: BTreeSet::from([mirror.to_owned()]),
    };
    Some((since, cause))
}

/// References that a host's rules, or refsync's own, keep from being written, for one reason.
fn refused(reason: &str, all: &[&Refusals], now: Time) -> Option<(Time, Cause)> {
    let since = all.iter().map(|one| one.since).min()?;
    let references = counted(all.iter().map(|one| one.references).sum(), "reference");
    let id = cause_id(&format!("refused {reason}"));
    let mirrors: Vec<String> = all.iter().map(|one| one.mirror.clone()).collect();
    let (detail, link) = concerned(&id, &mirrors);
    let cause = Cause {
        id,
        tone: "waiting",
        title: cut(&format!(
            "{references} not written: {}",
            visible(reason.as_bytes())
        )),
        detail,
        since: When::of(since, now),
        links: link.into_iter().collect(),
        retry: false,
        mirrors: mirrors.into_iter().collect(),
    };
    Some((since, cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::model::service::Notice;

    fn refusals(mirror: &str, text: &str, references: u64, since: i64) -> Refusals {
        Refusals {
            mirror: mirror.into(),
            text: text.into(),
            references,
            since: Time(since),
        }
    }

    fn told(name: &str, event: &str, mirrors: &[&str], since: i64) -> Told {
        Told {
            id: cause_id(name),
            notice: Notice {
                cause: name.into(),
                event: event.into(),
                text: format!("{name} is told"),
                mirrors: mirrors.iter().map(|&name| name.to_owned()).collect(),
                since: Time(since).into(),
            },
        }
    }

    #[test]
    fn failures_come_before_older_conflicts_and_those_of_a_mirror_are_one_row() {
        let mut all: Vec<Told> = (0..30)
            .map(|number| {
                let name = format!("conflict app refs/heads/{number} 1a2b3c4 5d6e7f8");
                told(&name, "conflict", &["app"], number)
            })
            .collect();
        all.push(told(
            "conflict web refs/heads/main 1a2b3c4 5d6e7f8",
            "conflict",
            &["web"],
            50,
        ));
        all.push(told("host ghe 401", "failure", &["app", "web"], 90));
        let causes = causes(&all, &[], true, Time(100));
        let rows: Vec<(&str, &str)> = causes
            .iter()
            .map(|cause| (cause.title.as_str(), cause.links[0].href.as_str()))
            .collect();
        let failed = format!("/?cause={}", cause_id("host ghe 401"));
        assert_eq!(
            rows,
            [
                ("host ghe 401 is told", failed.as_str()),
                ("30 conflicts of app wait to be settled", "/conflicts?mirror=app"),
                (
                    "conflict web refs/heads/main 1a2b3c4 5d6e7f8 is told",
                    "/conflicts/view?mirror=web&reference=refs%2Fheads%2Fmain"
                ),
            ]
        );
        assert!(causes[0].retry && !causes[1].retry);
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
        let cause = &causes[0];
        assert_eq!(cause.links[0].href, format!("/?cause={}", cause.id));
        assert_eq!(causes[1].links[0].href, "/mirrors/app");
    }
}
