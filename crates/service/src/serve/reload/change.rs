//! What another configuration changes, as the audit list has it: nobody who edits a file signs in, but what it changed is found where all
//! other changes are.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::diff::Diff;
use config::raw::MirrorSpec;
use config::{Config, Mirror, render};
use serde::Serialize;
use store::audit::Entry;
use store::mirror::{Filter, Health};
use store::page::Ask;
use store::{Store, StoreError};

use crate::app::App;

/// Who changed what a file says.
const ACTOR: &str = "file";

/// Of so many mirrors the definitions are kept; of all the names.
const DEFINITIONS: usize = 100;

/// A configuration that took the place of another.
#[derive(Debug)]
pub(crate) struct Change {
    /// What it changes.
    pub(crate) diff: Diff,
    /// For the audit list.
    pub(crate) before: Shown,
    /// For the audit list.
    pub(crate) after: Shown,
    /// Whether the files say anything else than before.
    is_one: bool,
}

/// One of the two, as far as they differ. It holds no secret: a configuration has none, and of mirrors alone is told.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    fingerprint: String,
    /// How many there are.
    mirrors: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    added: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    /// As they are defined, the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    definitions: Vec<MirrorSpec>,
}

impl Change {
    /// From one configuration to another.
    pub(super) fn between(old: &Config, new: &Config) -> Self {
        let diff = config::diff::diff(old, new);
        let shown = |config: &Config, here: &[String]| Shown {
            definitions: definitions(&config.mirrors, here.iter().chain(&diff.changed)),
            ..Shown::of(config.fingerprint(), config.mirrors.len())
        };
        Self {
            before: shown(old, &diff.removed),
            after: Shown {
                added: diff.added.clone(),
                removed: diff.removed.clone(),
                changed: diff.changed.clone(),
                ..shown(new, &diff.added)
            },
            is_one: render::config(old) != render::config(new),
            diff,
        }
    }

    /// Writes down that somebody changed the file, if the change is one.
    pub(super) async fn audit(&self, app: &App) {
        if self.is_one {
            write(app, "config.reload", &self.before, &self.after).await;
        }
    }
}

impl Shown {
    fn of(fingerprint: String, mirrors: usize) -> Self {
        Self {
            fingerprint,
            mirrors,
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
            definitions: Vec::new(),
        }
    }
}

fn definitions<'a>(
    mirrors: &BTreeMap<String, Arc<Mirror>>,
    names: impl Iterator<Item = &'a String>,
) -> Vec<MirrorSpec> {
    names
        .filter_map(|name| mirrors.get(name))
        .take(DEFINITIONS)
        .map(|mirror| render::spec(mirror))
        .collect()
}

/// The mirrors that were in force before a process started, with what they were run by.
#[derive(Debug)]
pub(crate) struct Before(BTreeMap<String, String>);

impl Before {
    /// As the database has them.
    pub(crate) async fn of(store: &Store) -> Result<Self, StoreError> {
        let mut before = BTreeMap::new();
        let mut ask = Ask {
            after: None,
            limit: 500,
        };
        loop {
            let page = store.mirrors(&Filter::default(), &ask).await?;
            let in_force = page.items.into_iter().filter(|one| one.health != Health::Parked);
            before.extend(in_force.map(|one| (one.known.name, one.known.fingerprint)));
            match page.next {
                Some(next) => ask.after = Some(next),
                None => return Ok(Self(before)),
            }
        }
    }

    /// Writes down what the start of a process changed, if its configuration is the one in force. The first start changes nothing.
    pub(crate) async fn audit(&self, app: &App, force: bool) {
        let loaded = app.loaded();
        if self.0.is_empty() || loaded.withheld.is_some() {
            return;
        }
        let mut after = Shown::of(loaded.fingerprint.clone(), loaded.mirrors.len());
        for (name, mirror) in &loaded.mirrors {
            match self.0.get(name) {
                None => after.added.push(name.clone()),
                Some(before) if *before != mirror.fingerprint => after.changed.push(name.clone()),
                Some(_) => {}
            }
        }
        let gone = self.0.keys().filter(|name| !loaded.mirrors.contains_key(*name));
        after.removed = gone.cloned().collect();
        if after.added.is_empty() && after.changed.is_empty() && after.removed.is_empty() {
            return;
        }
        after.definitions = definitions(&loaded.mirrors, after.added.iter().chain(&after.changed));
        let action = if force { "config.force" } else { "config.start" };
        let before = serde_json::json!({ "mirrors": self.0.len() });
        write(app, action, &before, &after).await;
    }
}

/// That it cannot be recorded undoes nothing: then the log has it.
async fn write(app: &App, action: &str, before: &impl Serialize, after: &impl Serialize) {
    let entry = Entry {
        number: 0,
        at: app.store.now(),
        actor: ACTOR.to_owned(),
        from: app.worker.clone(),
        action: action.to_owned(),
        subject: "config".to_owned(),
        before: serde_json::to_string(before).ok(),
        after: serde_json::to_string(after).ok(),
    };
    if let Err(error) = app.store.audit(&entry).await {
        tracing::error!(%error, ?entry, "a change of the configuration could not be written into the audit list");
    }
}
