//! What happens in this process, told to those who watch: a bounded broadcast. Who is too slow misses events and reads the database.

use store::run::{LogLine, State};
use tokio::sync::broadcast;

/// How many events a slow watcher may be behind.
const BEHIND: usize = 1_024;

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    /// A mirror's row changed: its state, its queue, its last run.
    Mirror {
        /// Its name.
        name: String,
    },
    /// A run began, ended or was asked for.
    Run {
        /// Its id.
        id: String,
        /// Its mirror.
        mirror: Option<String>,
        /// How it is now.
        state: State,
    },
    /// A run goes on.
    Progress {
        /// Its id.
        id: String,
        /// The step: `observe`, `decide`, `relay`, `report`.
        stage: &'static str,
        /// Bytes of packs so far.
        bytes: u64,
    },
    /// A run's log grew.
    Log {
        /// Its id.
        id: String,
        /// The line.
        line: LogLine,
    },
    /// A delivery came.
    Delivery {
        /// Its id.
        id: String,
    },
}

/// Tells and lets watch.
#[derive(Debug)]
pub(crate) struct Live(broadcast::Sender<Happened>);

impl Default for Live {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }
}

impl Live {
    /// Tells who watches; nobody need be there.
    pub(crate) fn tell(&self, happened: Happened) {
        let _ = self.0.send(happened);
    }

    /// Watches from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Happened> {
        self.0.subscribe()
    }
}
