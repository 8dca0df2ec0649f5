//! Mirrors: listed, shown, made, changed, removed, paused.

use std::collections::BTreeMap;

use config::raw::MirrorSpec;
use config::{InputSet, Mirror};
use store::StoreError;
use store::mirror::{Filter, Key, Made, Overview};
use store::page::{Ask, Page};
use store::token::Role;

use super::caller::{Found, shown};
use super::error::field;
use super::{Caller, OpError, entrusted};
use crate::app::App;
use crate::live::Happened;
use crate::serve::reload;

/// A mirror and its definition, if it was made over the API.
#[derive(Debug, Clone)]
pub(crate) struct Versioned {
    /// The mirror.
    pub(crate) found: Found,
    /// Its definition.
    pub(crate) made: Option<Made>,
}

impl Versioned {
    /// Changes with each change of its definition.
    pub(crate) fn version(&self) -> Option<i64> {
        self.made.as_ref().map(|made| made.version)
    }

    /// As it was described.
    pub(crate) fn spec(&self) -> Result<Option<MirrorSpec>, OpError> {
        let spec = self.made.as_ref().map(|made| serde_json::from_str(&made.spec));
        spec.transpose()
            .map_err(|error| OpError::Failed(error.to_string()))
    }
}

/// Mirrors by name.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: Filter,
    ask: &Ask,
) -> Result<Page<Versioned>, OpError> {
    let Some(filter) = seen_by(caller, filter) else {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    };
    let page = app.store.mirrors(&filter, ask).await?;
    let made = app.store.made().await?;
    let mut made: BTreeMap<String, Made> = made.into_iter().map(|one| (one.name.clone(), one)).collect();
    let loaded = app.loaded();
    let items = page
        .items
        .into_iter()
        .map(|overview| Versioned {
            made: made.remove(&overview.known.name),
            found: Found {
                configured: loaded.mirrors.get(&overview.known.name).cloned(),
                overview,
            },
        })
        .collect();
    Ok(Page {
        items,
        next: page.next,
    })
}

/// A filter that lets through no more than the caller sees; `None` where nothing is left.
fn seen_by(caller: &Caller, mut filter: Filter) -> Option<Filter> {
    if let Some((key, value)) = &caller.token.label {
        let asked = filter.labels.insert(key.clone(), value.clone());
        if asked.is_some_and(|asked| asked != *value) {
            return None;
        }
    }
    Some(filter)
}

/// What all mirrors that fit are put in order by.
pub(crate) async fn keys(app: &App, caller: &Caller, filter: Filter) -> Result<Vec<Key>, OpError> {
    match seen_by(caller, filter) {
        Some(filter) => Ok(app.store.mirror_keys(&filter).await?),
        None => Ok(Vec::new()),
    }
}

/// The mirrors of some keys, in their order.
pub(crate) async fn of_keys(app: &App, keys: &[Key]) -> Result<Vec<Found>, OpError> {
    let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let mut found: BTreeMap<String, Overview> = BTreeMap::new();
    for overview in app.store.mirrors_named(&names).await? {
        found.insert(overview.known.name.clone(), overview);
    }
    let loaded = app.loaded();
    Ok(names
        .into_iter()
        .filter_map(|name| {
            Some(Found {
                configured: loaded.mirrors.get(name).cloned(),
                overview: found.remove(name)?,
            })
        })
        .collect())
}

/// One mirror.
pub(crate) async fn show(app: &App, caller: &Caller, name: &str) -> Result<Versioned, OpError> {
    let found = caller.mirror(app, name).await?;
    let made = app.store.made_one(name).await?;
    Ok(Versioned { found, made })
}

/// The saved inputs of its runs, the built-in ones first.
pub(crate) async fn input_sets(
    app: &App,
    caller: &Caller,
    name: &str,
) -> Result<(Vec<InputSet>, Found), OpError> {
    let found = caller.mirror(app, name).await?;
    let sets = found.configured()?.all_input_sets();
    Ok((sets, found))
}

/// Makes one.
pub(crate) async fn create(app: &App, caller: &Caller, spec: &MirrorSpec) -> Result<Versioned, OpError> {
    caller.may(Role::Admin)?;
    newest(app).await?;
    let mirror = checked(app, caller, spec)?;
    let taken = || OpError::Conflict(format!("there is a mirror {} already", mirror.name));
    if app.loaded().mirrors.contains_key(&mirror.name) {
        return Err(taken());
    }
    match app.store.make(&mirror.name, &text(spec)?, app.store.now()).await {
        Err(StoreError::Conflict(_)) => return Err(taken()),
        other => drop(other?),
    }
    took_over(app, &mirror.name).await?;
    let subject = format!("mirror {}", mirror.name);
    caller
        .did(app, "mirror.create", subject, None::<()>, Some(spec))
        .await;
    show(app, caller, &mirror.name).await
}

/// Changes one, if it still has that version.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    name: &str,
    version: Option<i64>,
    spec: &MirrorSpec,
) -> Result<Versioned, OpError> {
    caller.may(Role::Admin)?;
    let before = writable(app, caller, name).await?;
    let mirror = checked(app, caller, spec)?;
    if mirror.name != name {
        return Err(OpError::invalid(
            "name",
            "a mirror keeps its name: make a new one and remove this one",
        ));
    }
    let version = version.ok_or_else(|| {
        OpError::Unconditional("say which version you changed: If-Match, with the ETag of the mirror".into())
    })?;
    let stale = || {
        OpError::Stale(format!(
            "the mirror {name} was changed since you looked at it (it has version {}): look again",
            before.version
        ))
    };
    if version != before.version {
        return Err(stale());
    }
    match app
        .store
        .remake(name, &text(spec)?, version, app.store.now())
        .await
    {
        Err(StoreError::Conflict(_)) => return Err(stale()),
        other => drop(other?),
    }
    took_over(app, name).await?;
    let was: Option<MirrorSpec> = serde_json::from_str(&before.spec).ok();
    caller
        .did(app, "mirror.change", format!("mirror {name}"), was, Some(spec))
        .await;
    show(app, caller, name).await
}

/// Removes one. Its rows are kept until they are too old.
pub(crate) async fn remove(
    app: &App,
    caller: &Caller,
    name: &str,
    version: Option<i64>,
) -> Result<(), OpError> {
    caller.may(Role::Admin)?;
    let before = writable(app, caller, name).await?;
    if version.is_some_and(|version| version != before.version) {
        return Err(OpError::Stale(format!(
            "the mirror {name} was changed since you looked at it: look again"
        )));
    }
    app.store.unmake(name, app.store.now()).await?;
    took_over(app, name).await?;
    let was: Option<MirrorSpec> = serde_json::from_str(&before.spec).ok();
    caller
        .did(app, "mirror.remove", format!("mirror {name}"), was, None::<()>)
        .await;
    Ok(())
}

/// Pauses or resumes one. Either is no change if it is so already.
pub(crate) async fn set_paused(
    app: &App,
    caller: &Caller,
    name: &str,
    pause: bool,
) -> Result<Versioned, OpError> {
    caller.may(Role::Operate)?;
    let before = caller.mirror(app, name).await?;
    if before.overview.paused.is_some() != pause {
        let by = pause.then_some(caller.token.name.as_str());
        app.store.set_paused(name, by, app.store.now()).await?;
        app.live.tell(Happened::Mirror {
            name: name.to_owned(),
        });
        let action = if pause { "mirror.pause" } else { "mirror.resume" };
        caller
            .did(app, action, format!("mirror {name}"), Some(!pause), Some(pause))
            .await;
    }
    show(app, caller, name).await
}

/// An error if another process has a newer configuration: this one could not put in force what is asked for.
async fn newest(app: &App) -> Result<(), OpError> {
    reload::check_newest(app).await?.map_err(OpError::Conflict)
}

/// A mirror that the API may change.
async fn writable(app: &App, caller: &Caller, name: &str) -> Result<Made, OpError> {
    newest(app).await?;
    let found = caller.mirror(app, name).await?;
    if let Some(mirror) = found.configured.filter(|mirror| mirror.origin != "api") {
        return Err(OpError::ReadOnly(format!(
            "the mirror {name} is defined in {}: change it there",
            mirror.origin
        )));
    }
    app.store.made_one(name).await?.ok_or_else(|| {
        OpError::Conflict(format!(
            "the mirror {name} is parked, and was not made over the API"
        ))
    })
}

/// Whether a mirror could be made or changed so: nothing is wrong with its definition.
pub(crate) fn fits(app: &App, caller: &Caller, spec: &MirrorSpec) -> Result<(), OpError> {
    caller.may(Role::Admin)?;
    checked(app, caller, spec).map(drop)
}

pub(super) fn checked(app: &App, caller: &Caller, spec: &MirrorSpec) -> Result<Mirror, OpError> {
    let mirror = config::load::mirror(&app.loaded().config, spec).map_err(|problems| {
        OpError::Invalid(
            problems
                .into_iter()
                .map(|problem| field(&problem.path, problem.message))
                .collect(),
        )
    })?;
    if !caller.sees(&mirror.labels) {
        let label = caller.token.label.as_ref();
        let label = label.map_or(String::new(), |(key, value)| format!("{key}: {value}"));
        return Err(OpError::invalid(
            "labels",
            format!("your token makes mirrors with the label {label} alone"),
        ));
    }
    match entrusted::foreign(caller, &app.loaded().mirrors, &mirror) {
        errors if errors.is_empty() => Ok(mirror),
        errors => Err(OpError::Invalid(errors)),
    }
}

fn text(spec: &MirrorSpec) -> Result<String, OpError> {
    serde_json::to_string(spec).map_err(|error| OpError::Failed(error.to_string()))
}

async fn took_over(app: &App, name: &str) -> Result<(), OpError> {
    reload::take_made(app).await?;
    app.live.tell(Happened::Mirror {
        name: name.to_owned(),
    });
    Ok(())
}

/// Labels as a selection writes them: `team=pay,tier=1`.
pub(crate) fn selection(text: &str) -> Result<BTreeMap<String, String>, OpError> {
    let mut labels = BTreeMap::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (key, value) = super::tokens::label(part).map_err(|_| {
            OpError::invalid("label", format!("`{}` is not written as team=pay", shown(part)))
        })?;
        labels.insert(key.to_owned(), value.to_owned());
    }
    Ok(labels)
}
