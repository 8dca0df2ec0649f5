//! What all parts of a serving process share.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::{Config, Mirror, Secrets};
use store::{Store, Time};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::live::Live;
use crate::metrics::Metrics;

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
    /// This process among those that share the database.
    pub(crate) worker: String,
    /// When it started.
    pub(crate) started: Time,
    /// Take no new work.
    pub(crate) stopping: CancellationToken,
    /// Cut what is under way.
    pub(crate) cut: CancellationToken,
    pub(crate) loaded: watch::Sender<Arc<Loaded>>,
}

/// The configuration that is in force, mirrors made over the API with it.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The file's.
    pub(crate) config: Config,
    /// All mirrors by name: those of the file and those made over the API.
    pub(crate) mirrors: BTreeMap<String, Arc<Mirror>>,
    /// Why a newer file is not in force.
    pub(crate) problem: Option<String>,
    /// When it was taken over.
    pub(crate) since: Time,
}

impl App {
    /// The configuration that is in force now.
    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.borrow())
    }
}
