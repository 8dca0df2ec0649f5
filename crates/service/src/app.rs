//! What all parts of a serving process share.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use config::{Config, Mirror, Secrets};
use store::{Store, Time};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use crate::live::Live;
use crate::metrics::Metrics;
use crate::pace::Pace;
use crate::work::Budget;

/// A serving process. One per process, behind an `Arc`.
#[derive(Debug)]
pub(crate) struct App {
    /// The database.
    pub(crate) store: Store,
    /// Reads secrets when they are needed.
    pub(crate) secrets: Secrets,
    /// What happens, for those who watch.
    pub(crate) live: Live,
    /// What Prometheus asks for.
    pub(crate) metrics: Metrics,
    /// What runs and looks share of hosts: budgets, Retry-After, refused tokens.
    pub(crate) budget: Arc<Budget>,
    /// How many runs it has under way while deliveries come in.
    pub(crate) pace: Pace,
    /// This process among those that share the database.
    pub(crate) worker: String,
    /// When it started.
    pub(crate) started: Time,
    /// Take no new work.
    pub(crate) stopping: CancellationToken,
    /// Cut what is under way.
    pub(crate) cut: CancellationToken,
    /// The configuration that is in force, and the news of it.
    pub(crate) loaded: watch::Sender<Arc<Loaded>>,
    /// Where the configuration is read; `None` for a demonstration.
    pub(crate) place: Option<Place>,
    /// Held while a configuration is put in force.
    pub(crate) reloading: Mutex<()>,
}

/// Where the configuration is read.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The file.
    pub(crate) path: PathBuf,
    /// It need not exist: nobody named it.
    pub(crate) optional: bool,
}

/// The configuration that is in force, mirrors made over the API with it.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The file's.
    pub(crate) config: Config,
    /// Of the file's: [`Config::fingerprint`].
    pub(crate) fingerprint: String,
    /// All mirrors by name: those of the file and those made over the API.
    pub(crate) mirrors: BTreeMap<String, Arc<Mirror>>,
    /// Why a newer file is not in force.
    pub(crate) problem: Option<String>,
    /// Why this one is not in force, if it is not.
    pub(crate) withheld: Option<Withheld>,
    /// When it was taken over.
    pub(crate) since: Time,
}

/// Why the configuration of a process, though nothing is wrong with it, is not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// A live process has a newer one, which is in force in the place of this.
    Newer {
        /// The process.
        than: String,
    },
    /// Another one was in force until now, and to put this in its place parks too many mirrors.
    LosesTooMany(String),
}

impl fmt::Display for Withheld {
    /// What it is and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { than } => write!(
                f,
                "the process {than} has a newer configuration, which stays in force: give this one the same file, or insist on its own \
                 with `refsync config reload --force`"
            ),
            Self::LosesTooMany(text) => f.write_str(text),
        }
    }
}

impl Loaded {
    /// A configuration without mirrors made over the API.
    pub(crate) fn of_file(config: Config) -> Self {
        Self {
            mirrors: config.mirrors.clone(),
            fingerprint: config.fingerprint(),
            config,
            problem: None,
            withheld: None,
            since: Time::now(),
        }
    }
}

impl App {
    /// A process that shares `store` under the name `worker`.
    pub(crate) fn new(store: Store, worker: String, loaded: Loaded, place: Option<Place>) -> Self {
        let secrets = Secrets::default();
        secrets.hide(loaded.config.secret_variables());
        Self {
            store,
            secrets,
            live: Live::default(),
            metrics: Metrics::default(),
            budget: Arc::default(),
            pace: Pace::default(),
            worker,
            started: Time::now(),
            stopping: CancellationToken::new(),
            cut: CancellationToken::new(),
            loaded: watch::channel(Arc::new(loaded)).0,
            place,
            reloading: Mutex::new(()),
        }
    }

    /// The configuration that is in force now.
    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.borrow())
    }
}
