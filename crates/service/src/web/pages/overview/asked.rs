//! Which mirrors are asked for, and in which order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hosts::Provider;
use serde::Deserialize;
use store::Time;
use store::mirror::{Filter, Health, Key};

use crate::api::model::mirror::MirrorState;
use crate::app::{App, Loaded};
use crate::ops;
use crate::output::names::visible;
use crate::web::pages::rows::{cut, segment};
use crate::web::session::Session;
use crate::web::trouble::Trouble;

/// Mirrors on a page: with them it stays under 100 kB.
const ROWS: usize = 50;

/// All states as the database has them.
const HEALTH: [Health; 7] = [
    Health::New,
    Health::InSync,
    Health::Moving,
    Health::Waiting,
    Health::Failed,
    Health::Paused,
    Health::Parked,
];

/// What the person asked to see.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    pub(super) search: String,
    pub(super) state: String,
    pub(super) label: String,
    pub(super) provider: String,
    pub(super) sort: String,
    /// The id of a cause in the inbox: its mirrors alone.
    pub(super) cause: String,
    /// Its number, from 1; whatever else stands there is the first.
    page: String,
}

/// The mirrors of a page, among all that fit.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Those of the page, in order.
    pub(super) keys: Vec<Key>,
    /// How many fit.
    pub(super) fit: usize,
    /// The number of the first of the page, from 1.
    pub(super) first: usize,
    /// How many have each label that mirrors are grouped by.
    pub(super) groups: BTreeMap<Option<String>, usize>,
    /// The numbers of the pages before and after.
    pub(super) before: Option<usize>,
    pub(super) after: Option<usize>,
}

impl Part {
    /// Which of the mirrors that fit are on the page, where there are several pages.
    pub(super) fn several_pages(&self) -> Option<String> {
        let last = self.first + self.keys.len().saturating_sub(1);
        (self.before.is_some() || self.after.is_some())
            .then(|| format!("{} to {last} of {}", self.first, self.fit))
    }
}

impl Asked {
    /// Whether nothing is left out.
    pub(super) fn is_all(&self) -> bool {
        [
            &self.search,
            &self.state,
            &self.label,
            &self.provider,
            &self.cause,
        ]
        .iter()
        .all(|text| text.is_empty())
    }

    /// Whether mirrors with the same label stand together.
    pub(super) fn is_grouped(&self) -> bool {
        !matches!(self.sort.as_str(), "name" | "behind" | "changed")
    }

    /// The address of another page of the same.
    pub(super) fn href(&self, page: usize) -> String {
        let pairs = [
            ("search", &self.search),
            ("state", &self.state),
            ("label", &self.label),
            ("provider", &self.provider),
            ("sort", &self.sort),
            ("cause", &self.cause),
        ];
        let mut query: Vec<String> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key}={}", segment(value)))
            .collect();
        query.extend((page > 1).then(|| format!("page={page}")));
        match query.is_empty() {
            true => "/".to_owned(),
            false => format!("/?{}", query.join("&")),
        }
    }

    /// The number of the page, from 1.
    pub(super) fn page(&self) -> usize {
        self.page.parse().unwrap_or(1).max(1)
    }

    /// The mirrors of the page; `among` are those of the cause, if one is asked for.
    pub(super) async fn part(
        &self,
        app: &App,
        session: &Session,
        among: Option<&BTreeSet<String>>,
    ) -> Result<Part, Trouble> {
        let filter = Filter {
            labels: ops::mirrors::selection(&self.label)?,
            health: HEALTH
                .into_iter()
                .filter(|health| MirrorState::from(*health).word() == self.state)
                .collect(),
            search: (!self.search.is_empty()).then(|| self.search.clone()),
            parked: among.is_some() || self.state == MirrorState::Parked.word(),
        };
        let mut keys = ops::mirrors::keys(app, &session.caller, filter).await?;
        if let Some(among) = among {
            keys.retain(|key| among.contains(&key.name));
        }
        let loaded = app.loaded();
        if let Some(provider) = Provider::from_word(&self.provider) {
            keys.retain(|key| has_provider(&loaded, &key.name, provider));
        }
        Ok(self.cut(self.in_order(keys, &loaded)))
    }

    fn in_order(&self, mut keys: Vec<Key>, loaded: &Loaded) -> Vec<(Option<String>, Key)> {
        match self.sort.as_str() {
            // Those that are not behind last.
            "behind" => keys.sort_by_key(|key| key.behind_since.map_or(Time(i64::MAX), |since| since)),
            "changed" => keys.sort_by_key(|key| Reverse(key.changed_at)),
            _ => {}
        }
        let mut keys: Vec<(Option<String>, Key)> = keys
            .into_iter()
            .map(|key| (label(loaded, &key.name).filter(|_| self.is_grouped()), key))
            .collect();
        // Stable: within a group they stay in the order of their names. Those without a label come last.
        keys.sort_by(|(one, _), (other, _)| (one.is_none(), one).cmp(&(other.is_none(), other)));
        keys
    }

    fn cut(&self, keys: Vec<(Option<String>, Key)>) -> Part {
        let fit = keys.len();
        let page = self.page().min(fit.div_ceil(ROWS).max(1));
        let mut groups: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for (label, _) in &keys {
            *groups.entry(label.clone()).or_default() += 1;
        }
        let skipped = (page - 1) * ROWS;
        Part {
            fit,
            first: skipped + 1,
            groups,
            before: (page > 1).then(|| page - 1),
            after: (skipped + ROWS < fit).then_some(page + 1),
            keys: keys
                .into_iter()
                .skip(skipped)
                .take(ROWS)
                .map(|(_, key)| key)
                .collect(),
        }
    }
}

fn has_provider(loaded: &Loaded, name: &str, provider: Provider) -> bool {
    loaded.mirrors.get(name).is_some_and(|mirror| {
        let ends = &mirror.ends;
        ends.source.provider == provider || ends.target.provider == provider
    })
}

/// The label that a mirror is grouped by: its first one.
pub(super) fn label(loaded: &Loaded, name: &str) -> Option<String> {
    let (key, value) = loaded.mirrors.get(name)?.labels.iter().next()?;
    Some(cut(&visible(format!("{key}: {value}").as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, behind: Option<i64>) -> Key {
        Key {
            name: name.into(),
            health: Health::InSync,
            behind_since: behind.map(Time),
            changed_at: behind.map(Time),
        }
    }

    fn sorted(sort: &str, keys: Vec<Key>) -> Vec<String> {
        let asked = Asked {
            sort: sort.into(),
            ..Asked::default()
        };
        let loaded = Loaded::of_file(config::load::empty());
        let keys = asked.in_order(keys, &loaded);
        keys.into_iter().map(|(_, key)| key.name).collect()
    }

    #[test]
    fn all_mirrors_are_put_in_order_and_not_those_of_a_page() {
        let keys = vec![key("a", None), key("b", Some(9)), key("c", Some(3))];
        assert_eq!(sorted("behind", keys.clone()), ["c", "b", "a"]);
        assert_eq!(sorted("changed", keys.clone()), ["b", "c", "a"]);
        assert_eq!(sorted("name", keys), ["a", "b", "c"]);
    }

    #[test]
    fn pages_hold_every_mirror_once() {
        let keys: Vec<_> = (0..120)
            .map(|number| (None, key(&format!("m{number:03}"), None)))
            .collect();
        let page = |page: &str| {
            Asked {
                page: page.into(),
                ..Asked::default()
            }
            .cut(keys.clone())
        };
        let seen: Vec<String> = ["1", "2", "3"]
            .iter()
            .flat_map(|number| page(number).keys)
            .map(|key| key.name)
            .collect();
        assert_eq!(seen.len(), 120);
        assert_eq!(seen[119], "m119");
        let last = page("99");
        assert_eq!((last.first, last.before, last.after), (101, Some(2), None));
        let first = page("-1 or so");
        assert_eq!((first.first, first.before, first.after), (1, None, Some(2)));
    }

    #[test]
    fn another_page_keeps_what_was_asked() {
        let asked = Asked {
            state: "failed".into(),
            label: "team=pay".into(),
            ..Asked::default()
        };
        assert_eq!(asked.href(2), "/?state=failed&label=team%3Dpay&page=2");
        assert_eq!(Asked::default().href(1), "/");
    }
}
