//! The service itself: its overview, its configuration, whether it is ready.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use store::StoreError;
use store::conflict::Refusals;
use store::mirror::Filter;
use store::notice::Notice;
use store::page::Ask;
use store::token::Role;

use super::{Caller, OpError, show};
use crate::api::model::mirror::MirrorState;
use crate::api::model::service::{self as model, Overview, Readiness, Reloaded};
use crate::app::{App, Loaded};
use crate::serve::reload::{self, ReloadError};

/// The service at a glance, as far as the caller sees it.
pub(crate) async fn overview(app: &App, caller: &Caller) -> Result<Overview, OpError> {
    let loaded = app.loaded();
    let causes = causes(app, caller).await?;
    Ok(Overview {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        worker: app.worker.clone(),
        started_at: app.started.into(),
        configured_at: loaded.since.into(),
        problem: problem(&loaded, caller),
        mirrors: counts(app, caller).await?,
        notices: causes.into_iter().map(|cause| cause.notice).collect(),
        token: show::token(&caller.token),
    })
}

/// How many mirrors are in each state, as far as the caller sees them.
pub(crate) async fn counts(app: &App, caller: &Caller) -> Result<BTreeMap<MirrorState, u64>, OpError> {
    let mut counts: BTreeMap<MirrorState, u64> = MirrorState::ALL.map(|state| (state, 0)).into();
    if !caller.is_limited() {
        for (health, number) in app.store.mirror_counts().await? {
            counts.insert(health.into(), number);
        }
        return Ok(counts);
    }
    let filter = Filter {
        labels: caller.token.label.clone().into_iter().collect(),
        parked: true,
        ..Filter::default()
    };
    let mut ask = Ask {
        after: None,
        limit: 500,
    };
    loop {
        let page = app.store.mirrors(&filter, &ask).await?;
        for mirror in page.items {
            *counts.entry(mirror.health.into()).or_default() += 1;
        }
        match page.next {
            Some(next) => ask.after = Some(next),
            None => return Ok(counts),
        }
    }
}

/// A cause that is not over, as far as a caller sees it.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// See [`cause_id`]: tells it from all others, also where the caller does not learn its name.
    pub(crate) id: String,
    /// What is told of it.
    pub(crate) notice: model::Notice,
}

/// What stands for a cause in addresses and forms: 16 hexadecimal digits of the hash of its name.
pub(crate) fn cause_id(name: &str) -> String {
    let digest = hex::encode(Sha256::digest(name.as_bytes()));
    digest[..16].to_owned()
}

/// Causes that are not over, oldest first.
pub(crate) async fn causes(app: &App, caller: &Caller) -> Result<Vec<Cause>, OpError> {
    let mut causes = Vec::new();
    for notice in app.store.notices().await? {
        let id = cause_id(&notice.cause);
        let seen = seen_notice(app, caller, notice).await?;
        causes.extend(seen.map(|notice| Cause { id, notice }));
    }
    Ok(causes)
}

/// A notice as far as the caller sees it. Its text may name mirrors that they do not see.
async fn seen_notice(app: &App, caller: &Caller, notice: Notice) -> Result<Option<model::Notice>, OpError> {
    let all = notice.mirrors.len();
    let mut mirrors = Vec::new();
    for mirror in notice.mirrors {
        if caller.sees_mirror(app, &mirror).await? {
            mirrors.push(mirror);
        }
    }
    if mirrors.is_empty() && caller.is_limited() {
        return Ok(None);
    }
    let (cause, text) = if mirrors.len() == all {
        (notice.cause, notice.text)
    } else {
        let text = format!("{} of your mirrors: look at their last runs", mirrors.len());
        (notice.event.clone(), text)
    };
    Ok(Some(model::Notice {
        cause,
        event: notice.event,
        text,
        mirrors,
        since: notice.since.into(),
    }))
}

/// References that hosts or refsync refuse to write, as far as the caller sees their mirrors.
pub(crate) async fn refusals(app: &App, caller: &Caller) -> Result<Vec<Refusals>, OpError> {
    /// More than a page shows.
    const MOST: u32 = 500;
    let label = caller.token.label.as_ref();
    let label = label.map(|(key, value)| (key.as_str(), value.as_str()));
    Ok(app.store.refusals(label, MOST).await?)
}

/// Why the configuration is not in force, or not the file's, for those who see all mirrors.
pub(crate) fn problem(loaded: &Loaded, caller: &Caller) -> Option<String> {
    if caller.is_limited() {
        return None;
    }
    let withheld = || loaded.withheld.as_ref().map(ToString::to_string);
    loaded.problem.clone().or_else(withheld)
}

/// Reads the configuration again. `force` allows that many mirrors go.
pub(crate) async fn reload(app: &App, caller: &Caller, force: bool) -> Result<Reloaded, OpError> {
    caller.may(Role::Admin)?;
    caller.unlimited("a token that is limited to a label does not reload the configuration")?;
    let change = reload::reload(app, force).await?;
    let reloaded = Reloaded {
        added: change.diff.added,
        removed: change.diff.removed,
        changed: change.diff.changed,
    };
    let (before, after) = (Some(change.before), Some(change.after));
    caller
        .did(app, "config.reload", "config".into(), before, after)
        .await;
    Ok(reloaded)
}

impl From<ReloadError> for OpError {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Config(problems) => Self::Invalid(
                problems
                    .0
                    .iter()
                    .map(|problem| super::error::field(&problem.path, problem))
                    .collect(),
            ),
            ReloadError::LosesTooMany { .. }
            | ReloadError::NeedsRestart { .. }
            | ReloadError::Gone { .. }
            | ReloadError::NoFile => Self::Conflict(error.to_string()),
            ReloadError::Store(error) => error.into(),
        }
    }
}

/// Whether this process can do its work: the database takes writes, the other processes have the same configuration, nobody stops it.
pub(crate) async fn readiness(app: &App) -> Readiness {
    let mut problems = Vec::new();
    if app.stopping.is_cancelled() {
        problems.push("this process is stopping".to_owned());
    }
    match app.store.check().await {
        Ok(()) => problems.extend(apart(app).await),
        Err(StoreError::Adrift { what, .. }) => problems.push(format!(
            "the database's file was {what}, so that what this process writes is lost when it stops: move it back, or stop refsync and \
             put a backup in its place with `refsync db restore` (the log names the file)"
        )),
        Err(error) => problems.push(format!("the database does not take writes: {}", outward(&error))),
    }
    let ready = problems.is_empty();
    // The old configuration is in force, and does its work. What is wrong may quote the file, which takes a token to see.
    if app.loaded().problem.is_some() {
        let said = "a newer configuration is wrong and not in force: the log, the dashboard and `refsync config reload` say why";
        problems.push(said.to_owned());
    }
    Readiness { ready, problems }
}

/// A sentence for people who need no token: nothing of the driver's, which may name addresses.
fn outward(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy(_) => "it is busy",
        StoreError::Unreachable(_) => "it cannot be reached, the log says where and why",
        StoreError::Unusable(_) => "it cannot be used, the log says why",
        _ => "it failed, the log says how",
    }
}

/// What is wrong with this process among the others.
async fn apart(app: &App) -> Option<String> {
    match others(app).await {
        Ok(others) if others.is_empty() => None,
        Ok(others) => Some(format!(
            "the configuration of this process ({}) differs from that of {}: give all of them the same file",
            app.worker,
            others.join(", ")
        )),
        Err(error) => Some(format!("the other processes are not known: {}", outward(&error))),
    }
}

/// The live processes whose configuration is another.
async fn others(app: &App) -> Result<Vec<String>, StoreError> {
    let loaded = app.loaded();
    let alive = loaded.config.limits.lease;
    let workers = app.store.workers(alive, app.store.now()).await?;
    Ok(workers
        .into_iter()
        .filter(|worker| worker.id != app.worker && worker.fingerprint != loaded.fingerprint)
        .map(|worker| worker.id)
        .collect())
}
