//! Sweeps of mirrors of which nothing is due.
//!
//! Both sides are listed. If they list what they listed when the last run saw all of it in sync, and nobody worked on the mirror since,
//! then that run's record holds, and the sweep is over: no claim, no memory, no row. Whatever else is seen, or goes wrong, is for a run.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use config::Mirror;
use engine::digest::Digest;
use store::queue::{Memory, Quiet};

use super::Worker;
use super::look::Look;

/// How many are under way at most: each is two listings.
const AT_ONCE: usize = 32;

/// How long one may take. A slow host is for runs, which wait for it in turn.
const IN_ALL: Duration = Duration::from_secs(60);

/// What this process knows of quiet mirrors.
#[derive(Debug, Default)]
pub(super) struct Glances(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What both sides listed when all was in sync, and the claim that saw it.
    known: HashMap<String, (i64, Digest)>,
    under_way: HashSet<String>,
    passed: Vec<Quiet>,
}

impl Glances {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a recorded run listed; `None` if not all of it was in sync.
    pub(super) fn learn(&self, mirror: &str, fence: i64, digest: Option<Digest>) {
        let mut state = self.lock();
        match digest {
            Some(digest) => drop(state.known.insert(mirror.to_owned(), (fence, digest))),
            None => drop(state.known.remove(mirror)),
        }
    }

    /// Whether a glance may do for a sweep; its hosts have room for one.
    pub(super) fn may_do(&self, quiet: &Quiet, has_room: impl FnOnce() -> bool) -> bool {
        let state = self.lock();
        let is_known = state
            .known
            .get(&quiet.mirror)
            .is_some_and(|(fence, _)| *fence == quiet.fence);
        is_known && (state.under_way.contains(&quiet.mirror) || has_room())
    }

    /// How many sweeps have come and are not told yet.
    pub(super) fn under_way(&self) -> usize {
        self.lock().under_way.len()
    }

    /// Those that found nothing new, once.
    pub(super) fn take_passed(&self) -> Vec<Quiet> {
        let mut state = self.lock();
        let passed = std::mem::take(&mut state.passed);
        for quiet in &passed {
            state.under_way.remove(&quiet.mirror);
        }
        passed
    }

    /// What is to be seen again; `None` if somebody looks already, or too many do: it comes again.
    fn begin(self: &Arc<Self>, quiet: Quiet) -> Option<Looking> {
        let mut state = self.lock();
        if state.under_way.len() >= AT_ONCE {
            return None;
        }
        let (_, digest) = *state.known.get(&quiet.mirror)?;
        let is_first = state.under_way.insert(quiet.mirror.clone());
        is_first.then(|| Looking {
            glances: Arc::clone(self),
            digest,
            quiet: Some(quiet),
        })
    }
}

/// A glance under way. One that does not pass, however it ends, leaves its sweep to a run.
struct Looking {
    glances: Arc<Glances>,
    digest: Digest,
    quiet: Option<Quiet>,
}

impl Looking {
    fn pass(mut self) {
        self.glances.lock().passed.extend(self.quiet.take());
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(quiet) = &self.quiet {
            let mut state = self.glances.lock();
            state.under_way.remove(&quiet.mirror);
            if state
                .known
                .get(&quiet.mirror)
                .is_some_and(|(fence, _)| *fence == quiet.fence)
            {
                state.known.remove(&quiet.mirror);
            }
        }
    }
}

/// Glances at a mirror whose sweep has come, unless that is being done, or its hosts have no room: it comes again.
pub(super) async fn glance(worker: Arc<Worker>, quiet: Quiet) {
    let loaded = worker.app.loaded();
    let Some(mirror) = loaded.mirrors.get(&quiet.mirror) else {
        return;
    };
    let Some(_seat) = worker.seats.take_free(&loaded, mirror) else {
        return;
    };
    let Some(looking) = worker.glances.begin(quiet) else {
        return;
    };
    let seen = tokio::time::timeout(IN_ALL, listed(&worker, mirror)).await;
    if seen.is_ok_and(|seen| seen == Some(looking.digest)) {
        looking.pass();
    }
}

/// What both sides list; `None` if they could not be asked.
async fn listed(worker: &Worker, mirror: &Mirror) -> Option<Digest> {
    let mut look = Look::with(&worker.app, mirror, &Memory::default()).await.ok()?;
    look.request.clients = worker.clients.clone();
    let seen = engine::glance(&look.request).await;
    look.leave().await.ok()?;
    seen.ok()
}
