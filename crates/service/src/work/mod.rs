//! The worker: claims a mirror that is due, makes one run, records it.
//!
//! [`work`] is the loop, [`turn`] one claim, [`attempt`] what is done under it, and [`record`] what is written down: a pure
//! function. [`clock`] has what happens by the hour: sweeps, schedules, retention. [`notify`] tells people.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::Clients;
use store::queue::Claim;
use store::{StoreError, Time};
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
pub(crate) use budget::{Budget, Denied};
use budget::{Seat, Seats};
use glance::Glances;
pub(crate) use orders::parked;

mod again;
mod attempt;
mod begun;
mod budget;
mod by_hand;
mod clock;
mod ends;
mod glance;
mod journal;
pub(crate) mod look;
mod made;
mod message;
mod notices;
mod notify;
mod orders;
mod record;
mod request;
mod retry;
#[cfg(test)]
pub(crate) mod tests;
mod told;
mod turn;
mod turned;

/// How long a worker sleeps at most: what nobody woke it for is found by then.
const POLL: Duration = Duration::from_secs(1);

/// When so many due mirrors wait for hosts that are busy, they are not gone through anew for each delivery.
const CROWD: usize = 64;

/// How long they are left alone then, unless a run ends.
const BREATH: Duration = Duration::from_millis(50);

/// A process's worker.
#[derive(Debug)]
pub(crate) struct Worker {
    app: Arc<App>,
    seats: Arc<Seats>,
    /// How many due mirrors the last look found without room at their hosts.
    passed_over: AtomicUsize,
    /// The runs under way, of all processes, that somebody wants to end.
    cancelled: watch::Sender<BTreeSet<String>>,
    clients: Clients,
    glances: Arc<Glances>,
    /// Told when a glance is over that mirrors may have been passed over for.
    seat_is_free: Notify,
}

/// Works until the process stops; comes back when all claims are finished or given back.
pub(crate) async fn work(app: Arc<App>) {
    let worker = Arc::new(Worker {
        seats: Arc::default(),
        passed_over: AtomicUsize::default(),
        cancelled: watch::Sender::default(),
        clients: Clients::default(),
        glances: Arc::default(),
        seat_is_free: Notify::new(),
        app,
    });
    let cut = CancellationToken::new();
    let mut turns = JoinSet::new();
    let mut clocks = clock::start(&worker);

    while !worker.app.stopping.is_cancelled() {
        let mut wake = worker.app.store.waker();
        let now = worker.app.store.now();
        match claim(&worker, turns.len(), now).await {
            Ok(Some(claim)) => {
                let seat = seat(&worker, &claim);
                let turn = turn::turn(Arc::clone(&worker), claim, cut.clone());
                turns.spawn(async move {
                    turn.await;
                    drop(seat);
                });
            }
            Ok(None) => {
                let pause = pause(&worker, now).await;
                let crowded = worker.passed_over.load(Ordering::Relaxed) > CROWD;
                let wait = async {
                    if crowded {
                        tokio::time::sleep(BREATH).await;
                    }
                    wake.wait(pause).await;
                };
                rest(&worker, wait, &mut turns).await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot look for work");
                rest(&worker, tokio::time::sleep(POLL), &mut turns).await;
            }
        }
    }
    finish(&worker, turns, cut).await;
    clocks.shutdown().await;
}

/// The seats of a claimed mirror's run. A one-off run takes none: where it goes is known only when it is read.
fn seat(worker: &Worker, claim: &Claim) -> Option<Seat> {
    let loaded = worker.app.loaded();
    let mirror = loaded.mirrors.get(claim.mirror.as_ref()?)?;
    Some(worker.seats.take(mirror))
}

/// Claims something that is due, if another run is allowed, and need not wait for those under way.
async fn claim(worker: &Worker, under_way: usize, now: Time) -> Result<Option<Claim>, StoreError> {
    let loaded = worker.app.loaded();
    let limits = &loaded.config.limits;
    if under_way >= worker.app.pace.allowed(limits.runs, std::time::Instant::now()) {
        return Ok(None);
    }
    let own = |name: &str, fingerprint: &str| {
        let known = loaded.mirrors.get(name);
        let Some(mirror) = known.filter(|mirror| mirror.fingerprint == fingerprint) else {
            return false;
        };
        let has_room = worker.seats.has_room(&loaded, mirror);
        worker
            .passed_over
            .fetch_add(usize::from(!has_room), Ordering::Relaxed);
        has_room
    };
    worker.passed_over.store(0, Ordering::Relaxed);
    worker
        .app
        .store
        .claim(&worker.app.worker, &own, limits.lease, now)
        .await
}

/// How long nothing comes up that was not due at that time, when it was looked for.
async fn pause(worker: &Worker, looked: Time) -> Duration {
    match worker.app.store.next_due(looked).await {
        Ok(Some(next)) => {
            let left = next.0.saturating_sub(worker.app.store.now().0);
            Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(POLL)
        }
        // The next look tells what the database has.
        Ok(None) | Err(_) => POLL,
    }
}

/// Waits until there is something to look for: a wake-up, the end of a run, the end of the process.
async fn rest(worker: &Worker, wake: impl Future<Output = ()>, turns: &mut JoinSet<()>) {
    tokio::select! {
        () = wake => {}
        () = worker.app.stopping.cancelled() => {}
        () = worker.seat_is_free.notified() => {}
        Some(ended) = turns.join_next() => buried(ended),
    }
    while let Some(ended) = turns.try_join_next() {
        buried(ended);
    }
}

/// Lets what is under way come to its end within the grace time, or until it is cut.
async fn finish(worker: &Worker, mut turns: JoinSet<()>, cut: CancellationToken) {
    let grace = worker.app.loaded().config.limits.grace;
    let all = async {
        while let Some(ended) = turns.join_next().await {
            buried(ended);
        }
    };
    tokio::pin!(all);
    tokio::select! {
        () = &mut all => return,
        () = worker.app.cut.cancelled() => {}
        () = tokio::time::sleep(grace) => {}
    }
    cut.cancel();
    all.await;
}

/// A run that panicked keeps its claim until the lease is over; another takes it then.
fn buried(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a run ended in a panic: please report it");
    }
}
