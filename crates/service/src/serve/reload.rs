//! The configuration that is in force: read at the start, on SIGHUP, when a file changes, and when somebody changes a mirror over the
//! API. A bad file leaves the old one in force.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use config::watch::{State, Watch};
use config::{Config, Mirror, load};
use engine::decide::Direction;
use engine::side::Side;
use hosts::repository::exact;
use store::mirror::force::{Holder, Occasion, Standing, Taken};
use store::mirror::{Known, Made};
use store::{StoreError, Time};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{App, Loaded, Place, Withheld};

mod change;

pub(super) use change::Before;
use change::Change;

/// How often the mirrors made over the API of other processes are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Why a reload did not happen. The old configuration is in force.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReloadError {
    /// The new file is wrong.
    #[error("{0}")]
    Config(#[from] config::Problems),
    /// The file lacks so many mirrors that it is more likely a mistake.
    #[error(
        "the configuration lacks {removed} of {before} mirrors, which would be parked: that is more likely a mistake. If it is meant, \
         run `refsync config reload --force`, or start with `refsync serve --force`"
    )]
    LosesTooMany {
        /// How many would go.
        removed: usize,
        /// How many there are.
        before: usize,
    },
    /// What a running process cannot change.
    #[error("`{key}` cannot change while refsync runs: restart it")]
    NeedsRestart {
        /// The key of the file.
        key: &'static str,
    },
    /// The file was there, and is not any more: that is more likely a mistake than the wish to mirror nothing.
    #[error("{} is gone: put it back", path.display())]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// There is no file.
    #[error("there is no configuration file: refsync was started without one")]
    NoFile,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Place {
    /// Reads it; an empty configuration if it need not exist and does not.
    pub(super) fn read(&self) -> Result<Config, config::Problems> {
        if self.optional && !self.path.exists() {
            return Ok(load::empty());
        }
        load::load(&self.path)
    }
}

/// Takes a configuration over: with the mirrors made over the API, told to the database, told to all parts. While a live process has
/// a newer one, the database keeps that one's, and this process works only on what both define alike.
pub(super) async fn adopt(app: &App, config: Config, occasion: Occasion) -> Result<(), ReloadError> {
    adopt_with(app, config, occasion, None).await
}

/// The same with the configuration that this process has. What is wrong with a newer file still is.
async fn adopt_again(app: &App) -> Result<(), ReloadError> {
    let loaded = app.loaded();
    adopt_with(app, loaded.config.clone(), Occasion::Held, loaded.problem.clone()).await
}

async fn adopt_with(
    app: &App,
    config: Config,
    occasion: Occasion,
    problem: Option<String>,
) -> Result<(), ReloadError> {
    let now = app.store.now();
    let mut loaded = Loaded {
        problem,
        ..with_made(config, &app.store.made().await?, now)
    };
    let known: Vec<Known> = loaded.mirrors.values().map(|mirror| known(mirror)).collect();
    let holder = holder(app, &loaded);
    match app.store.take_over(&holder, occasion, &known, now).await? {
        Taken::InForce => {}
        Taken::Older { than } => loaded.withheld = Some(Withheld::Newer { than }),
        Taken::LosesTooMany { parked, of } => {
            return Err(ReloadError::LosesTooMany {
                removed: parked,
                before: of,
            });
        }
    }
    if let Some(withheld) = &loaded.withheld {
        tracing::warn!("{withheld}");
    }
    app.secrets.hide(loaded.config.secret_variables());
    app.loaded.send_replace(Arc::new(loaded));
    Ok(())
}

fn holder<'a>(app: &'a App, loaded: &'a Loaded) -> Holder<'a> {
    Holder {
        worker: &app.worker,
        fingerprint: &loaded.fingerprint,
        alive: loaded.config.limits.lease,
    }
}

/// Puts the configuration in force again once no live process has a newer one any more. To be called again and again.
pub(super) async fn settle(app: &App) -> Result<(), StoreError> {
    let _one_at_a_time = app.reloading.lock().await;
    let loaded = app.loaded();
    let holder = holder(app, &loaded);
    match app.store.standing_of(&holder, app.store.now()).await? {
        Standing::InForce if loaded.withheld.is_none() => return Ok(()),
        Standing::Older { than } => {
            let withheld = Withheld::Newer { than };
            if loaded.withheld.as_ref() != Some(&withheld) {
                tracing::warn!("{withheld}");
                withhold(app, withheld);
            }
            return Ok(());
        }
        Standing::InForce | Standing::Replaceable => {}
    }
    match adopt_again(app).await {
        Ok(()) => tracing::info!("the configuration of this process is in force"),
        Err(ReloadError::Store(error)) => return Err(error),
        Err(error) => {
            let withheld = Withheld::LosesTooMany(error.to_string());
            if loaded.withheld.as_ref() != Some(&withheld) {
                tracing::error!("the configuration of this process is not in force: {error}");
                withhold(app, withheld);
            }
        }
    }
    Ok(())
}

fn withhold(app: &App, withheld: Withheld) {
    app.loaded.send_modify(|loaded| {
        *loaded = Arc::new(Loaded {
            withheld: Some(withheld),
            ..Loaded::clone(loaded)
        });
    });
}

/// An error if a live process has a newer configuration: that one decides what becomes of mirrors made over the API.
pub(crate) async fn check_newest(app: &App) -> Result<Result<(), String>, StoreError> {
    let loaded = app.loaded();
    let holder = holder(app, &loaded);
    Ok(match app.store.standing_of(&holder, app.store.now()).await? {
        Standing::InForce | Standing::Replaceable => Ok(()),
        Standing::Older { than } => Err(Withheld::Newer { than }.to_string()),
    })
}

/// Notes why a newer file is not in force.
fn problem(app: &App, text: String) {
    app.loaded.send_modify(|loaded| {
        *loaded = Arc::new(Loaded {
            problem: Some(text),
            ..Loaded::clone(loaded)
        });
    });
}

/// Reads the file again. `force` allows that many mirrors go.
pub(crate) async fn reload(app: &App, force: bool) -> Result<Change, ReloadError> {
    let _one_at_a_time = app.reloading.lock().await;
    let Some(place) = &app.place else {
        return Err(ReloadError::NoFile);
    };
    let outcome = replace(app, place, force).await;
    if let Err(error) = &outcome {
        problem(app, error.to_string());
    }
    outcome
}

async fn replace(app: &App, place: &Place, force: bool) -> Result<Change, ReloadError> {
    let old = app.loaded();
    if place.optional && !place.path.exists() && old.config.fingerprint() != load::empty().fingerprint() {
        return Err(ReloadError::Gone {
            path: place.path.clone(),
        });
    }
    let new = place.read()?;
    if new.listen != old.config.listen {
        return Err(ReloadError::NeedsRestart { key: "listen" });
    }
    if new.hooks_listen != old.config.hooks_listen {
        return Err(ReloadError::NeedsRestart { key: "hooksListen" });
    }
    if new.database != old.config.database {
        return Err(ReloadError::NeedsRestart { key: "database" });
    }
    let change = Change::between(&old.config, &new);
    let occasion = match new.fingerprint() == old.fingerprint {
        _ if force => Occasion::Forced,
        // Asked to read it again: nobody changed it.
        true => Occasion::Held,
        false => Occasion::Changed,
    };
    adopt(app, new, occasion).await?;
    warn(&app.loaded().config);
    Ok(change)
}

/// Logs what works in a configuration that was read, and should be looked at.
pub(super) fn warn(config: &Config) {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

/// Takes over what was made, changed or removed over the API, here or in another process.
pub(crate) async fn take_made(app: &App) -> Result<(), ReloadError> {
    let _one_at_a_time = app.reloading.lock().await;
    adopt_again(app).await
}

/// Reads the configuration again on SIGHUP and when its files change, until the process stops.
pub(super) async fn watch(app: Arc<App>, mut files: Files) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::error!("cannot listen for SIGHUP: the file is not read again until refsync is restarted");
        return;
    };
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            _ = hangup.recv() => {}
            () = files.changed() => {}
        }
        let outcome = reload(&app, false).await;
        if let Ok(change) = &outcome {
            change.audit(&app).await;
        }
        log(outcome);
        files.follow(&app.loaded().config);
    }
}

/// Takes over mirrors that were made, changed or removed over the API of another process, until this one stops.
pub(super) async fn watch_made(app: Arc<App>) {
    let mut made = app.store.made_stamp().await.ok();
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let stamp = app.store.made_stamp().await.ok();
        if stamp.is_some() && stamp != made {
            match take_made(&app).await {
                Ok(()) => made = stamp,
                Err(error) => tracing::warn!(%error, "cannot take over the mirrors made over the API"),
            }
        }
    }
}

fn log(outcome: Result<Change, ReloadError>) {
    match outcome {
        Ok(Change { diff, .. }) => tracing::info!(
            added = diff.added.len(),
            removed = diff.removed.len(),
            changed = diff.changed.len(),
            "configuration reloaded"
        ),
        Err(ReloadError::NoFile) => {}
        Err(error) => tracing::error!("the new configuration is not in force, the old one is: {error}"),
    }
}

/// The files of the configuration, and how they were when they were last read.
#[derive(Debug)]
pub(super) struct Files {
    main: PathBuf,
    watch: Watch,
    seen: State,
}

impl Files {
    /// To be called before the configuration is read: what changes after that is seen.
    pub(super) fn of(place: &Place) -> Self {
        let watch = Watch::file(&place.path);
        Self {
            main: place.path.clone(),
            seen: watch.state(),
            watch,
        }
    }

    /// Looks at what a configuration includes, too.
    pub(super) fn follow(&mut self, config: &Config) {
        let watch = Watch::config(&self.main, config);
        // Where the same files are looked at, nothing that changed while they were read is missed.
        if watch != self.watch {
            self.seen = watch.state();
            self.watch = watch;
        }
    }

    /// Waits for a change.
    async fn changed(&mut self) {
        self.seen = self.watch.changed(&self.seen).await;
    }
}

/// All mirrors: those of the file, and of those made over the API all that fit it.
fn with_made(config: Config, made: &[Made], now: Time) -> Loaded {
    let mut mirrors: BTreeMap<String, Arc<Mirror>> = config.mirrors.clone();
    for one in made {
        if mirrors.contains_key(&one.name) {
            tracing::warn!(
                mirror = one.name,
                "made over the API, and in the file now: the file's is used"
            );
            continue;
        }
        match checked(&config, one) {
            Ok(mirror) => drop(mirrors.insert(one.name.clone(), Arc::new(mirror))),
            Err(problem) => tracing::warn!(
                mirror = one.name,
                "made over the API, and does not fit the configuration any more, so it is parked: {problem}"
            ),
        }
    }
    Loaded {
        fingerprint: config.fingerprint(),
        config,
        mirrors,
        problem: None,
        withheld: None,
        since: now,
    }
}

fn checked(config: &Config, made: &Made) -> Result<Mirror, String> {
    let spec = serde_json::from_str(&made.spec).map_err(|error| error.to_string())?;
    load::mirror(config, &spec).map_err(|problems| config::Problems(problems).to_string())
}

/// What the database must know of a mirror.
fn known(mirror: &Mirror) -> Known {
    let address = |side: Side| {
        let url = mirror.ends.of(side).url.to_string();
        exact(&url).unwrap_or(url)
    };
    Known {
        name: mirror.name.clone(),
        fingerprint: mirror.fingerprint.clone(),
        labels: mirror.labels.clone(),
        source_url: address(Side::Source),
        target_url: address(Side::Target),
        sweep_ms: mirror
            .sweep
            .map(|every| i64::try_from(every.as_millis()).unwrap_or(i64::MAX)),
        schedule: mirror.schedule.clone(),
        two_way: mirror.direction == Direction::TwoWay,
        by_hand: !mirror.webhooks && mirror.sweep.is_none() && mirror.schedule.is_none(),
    }
}

#[cfg(test)]
mod tests;
