//! Sweeps of mirrors of which nothing is due.
//!
//! Both sides are listed. If they list what they listed when the last run saw all of it in sync, and nobody worked on the mirror since,
//! then that run's record holds, and the sweep is over: no claim, no memory, no row. Whatever else is seen, or goes wrong, is for a run.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use config::Mirror;
use engine::digest::Digest;
use store::queue::{Memory, Quiet, Quietly};

use super::Worker;
use super::look::Look;

/// How many are under way at most: each is two listings.
const AT_ONCE: usize = 32;

/// For how long a sweep is left to another process that may know more of its mirror than this one. Each looks every second.
pub(super) const LEFT: Duration = Duration::from_secs(5);

/// How long one may take. A slow host is for runs, which wait for it in turn.
const IN_ALL: Duration = Duration::from_secs(60);

/// What this process knows of quiet mirrors.
#[derive(Debug, Default)]
pub(super) struct Glances(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What both sides had when all was in sync, by the claim that saw it; `None` where it was not, or is not any more.
    known: HashMap<String, (i64, Option<Digest>)>,
    under_way: HashSet<String>,
    passed: Vec<Quiet>,
}

impl Glances {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a recorded run left; `None` if not all of it was in sync.
    pub(super) fn learn(&self, mirror: &str, fence: i64, digest: Option<Digest>) {
        self.lock().known.insert(mirror.to_owned(), (fence, digest));
    }

    /// What is done about a sweep: a glance, if what the last run saw is known and the hosts have room. Of what this process does not
    /// know another one may, if there are `others`.
    pub(super) fn of(&self, quiet: &Quiet, others: bool, has_room: impl FnOnce() -> bool) -> Quietly {
        let state = self.lock();
        let known = state.known.get(&quiet.mirror);
        match known.filter(|(fence, _)| *fence == quiet.fence) {
            Some((_, Some(_))) if state.under_way.contains(&quiet.mirror) || has_room() => Quietly::Spared,
            None if others => Quietly::Left,
            _ => Quietly::Marked,
        }
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
        let digest = state.known.get(&quiet.mirror)?.1?;
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
            let known = state.known.get_mut(&quiet.mirror);
            if let Some((_, digest)) = known.filter(|(fence, _)| *fence == quiet.fence) {
                *digest = None;
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
    let Some(seat) = worker.seats.take_free(&loaded, mirror) else {
        return;
    };
    let Some(looking) = worker.glances.begin(quiet) else {
        return;
    };
    let seen = tokio::time::timeout(IN_ALL, listed(&worker, mirror)).await;
    if seen.is_ok_and(|seen| seen == Some(looking.digest)) {
        looking.pass();
    }
    drop(seat);
    if worker.passed_over.load(Ordering::Relaxed) > 0 {
        worker.seat_is_free.notify_one();
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

#[cfg(test)]
mod tests {
    use store::Time;

    use super::*;

    #[test]
    fn a_sweep_is_a_glance_where_the_mirror_is_known_and_left_to_others_where_they_may_know_it() {
        let glances = Arc::new(Glances::default());
        let quiet = |fence: i64| Quiet {
            mirror: "app".into(),
            fence,
            at: Time(0),
            next: Time(1),
        };
        let of = |fence: i64, others: bool| glances.of(&quiet(fence), others, || true);
        assert_eq!(of(1, false), Quietly::Marked);
        assert_eq!(of(1, true), Quietly::Left);
        glances.learn("app", 1, Some(Digest::default()));
        assert_eq!(of(1, true), Quietly::Spared);
        assert_eq!(glances.of(&quiet(1), true, || false), Quietly::Marked, "no room");
        assert_eq!(of(2, true), Quietly::Left, "another process ran since");
        // However a glance ends that does not pass: nobody knows better.
        drop(glances.begin(quiet(1)).unwrap());
        assert_eq!(of(1, true), Quietly::Marked);
        glances.learn("app", 2, None);
        assert_eq!(of(2, true), Quietly::Marked);
    }
}
