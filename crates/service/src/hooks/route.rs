//! From what a delivery tells to what is due, mirror by mirror.

use std::collections::BTreeSet;
use std::sync::Arc;

use config::Mirror;
use engine::decide::{Moved, OldValue};
use engine::side::Side;
use hosts::repository::RepositoryId;
use hosts::webhook::{Push, RefChange, Told};
use store::queue::{Due, Marked};

use super::answer::{ALL, Disposition, LISTED, Reference};
use super::endpoint::{Endpoint, Of};
use super::index::Sides;
use crate::api::model::name_text;
use crate::app::Loaded;

/// What a delivery makes due, and what is said of each reference.
#[derive(Debug, Default)]
pub(super) struct Routed {
    /// What is due, by mirror.
    pub(super) due: Vec<(String, Due)>,
    drafts: Vec<Draft>,
}

/// What will be said of a reference.
#[derive(Debug)]
struct Draft {
    name: String,
    mirror: Option<String>,
    side: Option<Side>,
    fate: Fate,
}

#[derive(Debug)]
enum Fate {
    /// As the due thing of this index was marked.
    Due(usize),
    /// Nothing is due.
    Told(Disposition, Option<String>),
}

/// A mirror that a delivery concerns.
struct Concerned<'a> {
    mirror: &'a Arc<Mirror>,
    side: Side,
    /// Whether the payload tells of this very repository, so that its values count.
    same: bool,
}

/// Finds the mirrors and what becomes due in them.
pub(super) fn route(
    loaded: &Loaded,
    sides: &Sides,
    endpoint: &Endpoint,
    push: &Push,
    delivery: &str,
) -> Routed {
    let concerned = concerned(loaded, sides, endpoint, push);
    let mut routed = Routed::default();
    for change in &push.changes {
        if concerned.is_empty() {
            routed.tell(name_text(&change.name), None, Disposition::NoMirror, None);
        }
        for at in &concerned {
            routed.change(at, change, delivery);
        }
    }
    if push.and_more {
        for at in &concerned {
            routed.all(at, delivery);
        }
    }
    routed
}

fn concerned<'a>(
    loaded: &'a Loaded,
    sides: &Sides,
    endpoint: &'a Endpoint,
    push: &Push,
) -> Vec<Concerned<'a>> {
    match &endpoint.of {
        Of::Mirror { mirror, side } => {
            let same = is_same(&mirror.ends.of(*side).url.to_string(), push);
            let side = *side;
            vec![Concerned { mirror, side, same }]
        }
        Of::Host { credential } => {
            let hook = push.path.as_deref().into_iter().flat_map(|path| {
                let path = path.trim_matches('/');
                // Gerrit serves what is behind a log-in under /a/ too.
                [
                    format!("https://{}/{path}", credential.host),
                    format!("https://{}/a/{path}", credential.host),
                ]
            });
            let ids: BTreeSet<RepositoryId> = push
                .urls
                .iter()
                .cloned()
                .chain(hook)
                .filter_map(|url| RepositoryId::of(&url))
                .collect();
            let found: BTreeSet<&(String, Side)> =
                ids.iter().filter_map(|id| sides.get(id)).flatten().collect();
            found
                .into_iter()
                .filter_map(|(name, side)| Some((loaded.mirrors.get(name)?, *side)))
                // Who knows one credential's secret has no say over what runs ask with another one.
                .filter(|(mirror, side)| {
                    let runs_ask_with = mirror.ends.of(*side).credential.as_ref();
                    runs_ask_with.is_some_and(|one| one.name == credential.name)
                })
                .map(|(mirror, side)| Concerned {
                    mirror,
                    side,
                    same: true,
                })
                .collect()
        }
    }
}

/// Whether a payload tells of the repository at this address: by its path, for one host has several names. A payload that names none is
/// believed.
fn is_same(url: &str, push: &Push) -> bool {
    let Some(own) = RepositoryId::of(url) else {
        return true;
    };
    let own = path(&own);
    let told: Vec<RepositoryId> = push.urls.iter().filter_map(|url| RepositoryId::of(url)).collect();
    told.is_empty()
        || told
            .iter()
            .any(|told| is_end_of(own, path(told)) || is_end_of(path(told), own))
}

fn path(id: &RepositoryId) -> &str {
    id.as_str().split_once('/').map_or("", |(_, path)| path)
}

/// Whether a path is another one or ends in it: `scm/pay/app` ends in `pay/app`.
fn is_end_of(end: &str, path: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

impl Routed {
    fn tell(
        &mut self,
        name: String,
        at: Option<&Concerned<'_>>,
        disposition: Disposition,
        why: Option<&str>,
    ) {
        self.drafts.push(Draft {
            name,
            mirror: at.map(|at| at.mirror.name.clone()),
            side: at.map(|at| at.side),
            fate: Fate::Told(disposition, why.map(str::to_owned)),
        });
    }

    fn due(&mut self, name: String, at: &Concerned<'_>, due: Due) {
        self.drafts.push(Draft {
            name,
            mirror: Some(at.mirror.name.clone()),
            side: Some(at.side),
            fate: Fate::Due(self.due.len()),
        });
        self.due.push((at.mirror.name.clone(), due));
    }

    fn change(&mut self, at: &Concerned<'_>, change: &RefChange, delivery: &str) {
        let name = name_text(&change.name);
        if !at.mirror.webhooks {
            let why = "webhooks start no runs of this mirror: its triggers leave them out";
            return self.tell(name, Some(at), Disposition::IgnoredEvent, Some(why));
        }
        if !at.mirror.scope.covers(&change.name) {
            return self.tell(name, Some(at), Disposition::OutOfScope, None);
        }
        let event = moved(change).filter(|_| at.same).map(|moved| (at.side, moved));
        let due = Due {
            name: Some(change.name.clone()),
            event,
            trigger: "webhook".to_owned(),
            delivery: Some(delivery.to_owned()),
        };
        self.due(name, at, due);
    }

    fn all(&mut self, at: &Concerned<'_>, delivery: &str) {
        if !at.mirror.webhooks {
            return;
        }
        let due = Due {
            name: None,
            event: None,
            trigger: "webhook".to_owned(),
            delivery: Some(delivery.to_owned()),
        };
        self.due(ALL.to_owned(), at, due);
    }

    /// What is said of each reference, once it is known how the due ones were marked; and how many are not listed.
    pub(super) fn references(&self, marked: &[Marked]) -> (Vec<Reference>, usize) {
        let listed = self
            .drafts
            .iter()
            .take(LISTED)
            .map(|draft| {
                let (disposition, why) = match &draft.fate {
                    Fate::Due(index) => (marked.get(*index).copied().unwrap_or(Marked::Queued).into(), None),
                    Fate::Told(disposition, why) => (*disposition, why.clone()),
                };
                Reference {
                    name: draft.name.clone(),
                    mirror: draft.mirror.clone(),
                    side: draft.side.map(|side| side.to_string()),
                    disposition,
                    why,
                }
            })
            .collect();
        (listed, self.drafts.len().saturating_sub(LISTED))
    }

    /// The mirrors in which something is due.
    pub(super) fn mirrors(&self) -> BTreeSet<&str> {
        self.due.iter().map(|(mirror, _)| mirror.as_str()).collect()
    }
}

/// The event, where both values are known: without one it says no more than "look".
fn moved(change: &RefChange) -> Option<Moved> {
    let old = match change.old {
        Told::Unknown => return None,
        Told::Absent => OldValue::Absent,
        Told::At(id) => OldValue::At(id),
    };
    let new = match change.new {
        Told::Unknown => return None,
        Told::Absent => None,
        Told::At(id) => Some(id),
    };
    Some(Moved { old, new })
}
