//! References of a mirror, as the last looks saw them: all of them, or those that differ.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use store::base::Remembered;
use store::conflict::Standing;
use store::page::{Ask, Page};
use store::queue::waits;

use super::caller::Found;
use super::{Caller, OpError, show};
use crate::api::model;
use crate::api::model::reference::{Drift, Reference};
use crate::app::App;

/// The most references of a drift report.
pub(crate) const DRIFT: usize = 10_000;

/// References by name; `differing` leaves out those that are in sync.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    name: &str,
    differing: bool,
    ask: &Ask,
) -> Result<model::Page<Reference>, OpError> {
    caller.mirror(app, name).await?;
    if differing {
        let page = app.store.standing(name, ask).await?;
        return Ok(model::Page::of(page, show::standing));
    }
    let from = Cursor::read(ask.after.as_deref())?;
    let known = app
        .store
        .remembered(name, &from.ask(&from.known, ask.limit))
        .await?;
    let waiting = app
        .store
        .standing(name, &from.ask(&from.waiting, ask.limit))
        .await?;
    // One more than fits: whether there is a next page.
    let due = app.store.due(name, &from.last(), ask.limit + 1).await?;
    let merged = merge(&from, known, waiting, due, ask.limit as usize);
    Ok(model::Page {
        items: merged.0,
        next: merged.1.map(|cursor| cursor.written()),
    })
}

/// How both lists of a mirror's references begin.
pub(crate) struct Beginning {
    /// Of all.
    pub(crate) all: Vec<Reference>,
    /// Of those that differ.
    pub(crate) differing: Vec<Reference>,
    /// How many differ.
    pub(crate) total: u64,
}

/// As many of all references and of those that differ, by name, with one read of what both lists are merged from.
pub(crate) async fn beginning(
    app: &App,
    found: &Found,
    all: u32,
    differing: u32,
) -> Result<Beginning, OpError> {
    let name = &found.overview.known.name;
    let most = all.max(differing);
    let ask = |limit| Ask { after: None, limit };
    let start = Cursor::default();
    let known = app.store.remembered(name, &ask(all)).await?;
    let waiting = app.store.standing(name, &ask(most)).await?;
    let due = app.store.due(name, &start.last(), most).await?;
    let none = Page {
        items: Vec::new(),
        next: None,
    };
    Ok(Beginning {
        differing: merge(&start, none, waiting.clone(), due.clone(), differing as usize).0,
        all: merge(&start, known, waiting, due, all as usize).0,
        total: app.store.differing(name).await?,
    })
}

/// What the last runs saw of all that differs.
pub(crate) async fn drift(app: &App, caller: &Caller, name: &str) -> Result<Drift, OpError> {
    let found = caller.mirror(app, name).await?;
    let mut references = Vec::new();
    let mut ask = Ask {
        after: None,
        limit: 500,
    };
    let cut = loop {
        let page = app.store.standing(name, &ask).await?;
        references.extend(page.items.into_iter().map(show::standing));
        match page.next {
            Some(_) if references.len() >= DRIFT => break true,
            Some(next) => ask.after = Some(next),
            None => break false,
        }
    };
    add_due(&mut references, &due(app, name).await?);
    let cut = cut || references.len() > DRIFT;
    references.truncate(DRIFT);
    let differing = u64::try_from(references.len()).unwrap_or(u64::MAX);
    let unsure = match (&found.overview.error, found.overview.references) {
        (Some(error), _) => Some(format!("the last run failed: {error}")),
        (None, None) => Some("no run has looked at both sides yet".to_owned()),
        (None, Some(_)) => None,
    };
    Ok(Drift {
        mirror: name.to_owned(),
        live: false,
        at: app.store.now().into(),
        in_sync: found
            .overview
            .references
            .unwrap_or_default()
            .saturating_sub(differing),
        references,
        cut,
        unsure,
    })
}

/// The references that are due, as far as a drift report has room for them.
pub(super) async fn due(app: &App, name: &str) -> Result<Vec<waits::Due>, OpError> {
    let most = u32::try_from(DRIFT).unwrap_or(u32::MAX).saturating_add(1);
    Ok(app.store.due(name, &[], most).await?)
}

/// What webhooks told of and no run looked at since differs, too. What waits already is shown as that.
fn add_due(references: &mut Vec<Reference>, due: &[waits::Due]) {
    let known: BTreeSet<String> = references.iter().map(|one| one.name.clone()).collect();
    let new = due.iter().map(show::due);
    references.extend(new.filter(|one| !known.contains(&one.name)));
    references.sort_by(|one, other| one.name.cmp(&other.name));
}

/// Where a page ended that was merged from two lists: what is remembered, and what waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    known: Part,
    waiting: Part,
    /// The last name of the page, in hexadecimal digits of its bytes.
    last: String,
}

/// How far one of the lists was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    /// From its beginning.
    #[default]
    Start,
    /// From after that.
    After(String),
    /// To its end.
    End,
}

impl Cursor {
    fn read(text: Option<&str>) -> Result<Self, OpError> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        hex::decode(text)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(|| OpError::not_found("the page after this cursor"))
    }

    fn written(&self) -> String {
        hex::encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn ask(&self, part: &Part, limit: u32) -> Ask {
        Ask {
            after: match part {
                Part::After(after) => Some(after.clone()),
                Part::Start | Part::End => None,
            },
            limit,
        }
    }

    /// The last name of the page; empty before the first.
    fn last(&self) -> Vec<u8> {
        hex::decode(&self.last).unwrap_or_default()
    }

    fn is_past(&self, name: &[u8]) -> bool {
        name <= self.last().as_slice()
    }
}

/// What a merge takes from: the entries of a page that were not shown yet, by name.
struct Source<T> {
    items: std::iter::Peekable<std::vec::IntoIter<(Vec<u8>, T)>>,
    start: Part,
    next: Option<String>,
}

impl<T> Source<T> {
    fn new(from: &Cursor, start: &Part, page: Page<T>, name: impl Fn(&T) -> Vec<u8>) -> Self {
        let (items, next) = if *start == Part::End {
            (Vec::new(), None)
        } else {
            (page.items, page.next)
        };
        let items: Vec<_> = items
            .into_iter()
            .map(|item| (name(&item), item))
            .filter(|(name, _)| !from.is_past(name))
            .collect();
        Self {
            items: items.into_iter().peekable(),
            start: start.clone(),
            next,
        }
    }

    /// Whether more of it is in the database than in this page, and this page is used up.
    fn is_dry(&mut self) -> bool {
        self.items.peek().is_none() && self.next.is_some()
    }

    /// The name that comes next.
    fn name(&mut self) -> Option<&Vec<u8>> {
        self.items.peek().map(|(name, _)| name)
    }

    /// The next entry, if it is of that name.
    fn take(&mut self, name: &[u8]) -> Option<T> {
        self.items.next_if(|(next, _)| next == name).map(|(_, item)| item)
    }

    fn rest(mut self) -> Part {
        match (self.items.peek().is_some(), self.next) {
            (true, _) => self.start,
            (false, Some(next)) => Part::After(next),
            (false, None) => Part::End,
        }
    }
}

/// Of the same reference what waits goes before what was told and not looked at, and this before what is remembered.
fn merge(
    from: &Cursor,
    known: Page<Remembered>,
    waiting: Page<Standing>,
    due: Vec<waits::Due>,
    limit: usize,
) -> (Vec<Reference>, Option<Cursor>) {
    let mut known = Source::new(from, &from.known, known, |item| item.name.as_bytes().to_vec());
    let mut waiting = Source::new(from, &from.waiting, waiting, |item| item.name.as_bytes().to_vec());
    // As many as the page has room for, and one more if there is one.
    let due = Page {
        items: due,
        next: None,
    };
    let mut due = Source::new(from, &Part::Start, due, |item| item.name.as_bytes().to_vec());
    let mut items = Vec::new();
    let mut last = from.last.clone();
    // Past the end of a page that has a next one nobody knows which list goes on first.
    while items.len() < limit && !known.is_dry() && !waiting.is_dry() {
        let names = [waiting.name(), due.name(), known.name()];
        let Some(name) = names.into_iter().flatten().min().cloned() else {
            break;
        };
        last = hex::encode(&name);
        let (waits, told, agreed) = (waiting.take(&name), due.take(&name), known.take(&name));
        if let Some(item) = waits {
            items.push(show::standing(item));
        } else if let Some(item) = told {
            items.push(show::due(&item));
        } else if let Some(item) = agreed
            && let engine::decide::Base::Agreed(Some(value)) = item.base
        {
            let name = model::name_text(&item.name);
            items.push(show::agreed(name, value, Some(item.since)));
        }
    }
    let is_told = due.name().is_none();
    let next = Cursor {
        known: known.rest(),
        waiting: waiting.rest(),
        last,
    };
    let is_end = is_told && next.known == Part::End && next.waiting == Part::End;
    (items, (!is_end).then_some(next))
}
