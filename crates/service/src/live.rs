//! What happens in this process, told to those who watch: a bounded broadcast. Who is too slow misses events and reads the database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

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

/// How many runs are remembered that go on; a process makes fewer at a time.
const RUNS: usize = 1_024;

/// How far a run of this process is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HowFar {
    /// The step.
    pub(crate) stage: &'static str,
    /// Bytes of packs so far.
    pub(crate) bytes: u64,
    /// When the step began.
    pub(crate) since: Instant,
    /// When it was heard of last.
    heard: Instant,
}

/// Tells and lets watch.
#[derive(Debug)]
pub(crate) struct Live {
    news: broadcast::Sender<Happened>,
    /// How far the runs are that this process makes, by id.
    runs: Mutex<HashMap<String, HowFar>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            news: broadcast::channel(BEHIND).0,
            runs: Mutex::default(),
        }
    }
}

impl Live {
    /// Tells who watches; nobody need be there.
    pub(crate) fn tell(&self, happened: Happened) {
        match &happened {
            Happened::Progress { id, stage, bytes } => self.note(id, stage, *bytes),
            Happened::Run { id, state, .. } if !matches!(state, State::Queued | State::Running) => {
                self.lock().remove(id);
            }
            _ => {}
        }
        let _ = self.news.send(happened);
    }

    /// How far a run is, if this process makes it.
    pub(crate) fn how_far(&self, run: &str) -> Option<HowFar> {
        self.lock().get(run).copied()
    }

    fn note(&self, id: &str, stage: &'static str, bytes: u64) {
        let now = Instant::now();
        let mut runs = self.lock();
        // Sweeps that find nothing have no end that is told: the one that is silent for longest goes.
        if runs.len() >= RUNS && !runs.contains_key(id) {
            let silent = runs.iter().min_by_key(|(_, run)| run.heard);
            let silent = silent.map(|(id, _)| id.clone());
            silent.and_then(|id| runs.remove(&id));
        }
        let since = match runs.get(id) {
            Some(known) if known.stage == stage => known.since,
            _ => now,
        };
        let run = HowFar {
            stage,
            bytes,
            since,
            heard: now,
        };
        runs.insert(id.to_owned(), run);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, HowFar>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Happened> {
        self.news.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_run_is_is_known_until_it_ends() {
        let live = Live::default();
        let progress = |stage, bytes| {
            live.tell(Happened::Progress {
                id: "one".into(),
                stage,
                bytes,
            });
        };
        progress("observe", 0);
        progress("relay", 0);
        let began = live.how_far("one").unwrap().since;
        progress("relay", 4_096);
        let now = live.how_far("one").unwrap();
        assert_eq!((now.stage, now.bytes, now.since), ("relay", 4_096, began));
        assert!(live.how_far("other").is_none());
        live.tell(Happened::Run {
            id: "one".into(),
            mirror: None,
            state: State::Succeeded,
        });
        assert!(live.how_far("one").is_none());
    }
}
