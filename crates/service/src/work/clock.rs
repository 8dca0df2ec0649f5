//! What happens by the clock: sweeps, schedules, what other processes wrote down, retention, notifications.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use croner::Cron;
use store::{StoreError, Time};
use tokio::task::JoinSet;

use super::glance::{LEFT, glance};
use super::{Worker, notify};

/// How often other processes' news are read.
const NEWS: Duration = Duration::from_secs(2);

/// How long a tick waits at most for the next sweep: intervals may have changed.
const SWEEP: Duration = Duration::from_secs(1);

/// How long it waits at least: sweeps are in no hurry, and several at a time cost less.
const TICK: Duration = Duration::from_millis(500);

/// How many sweeps are marked at a time.
const SWEEPS: u32 = 100;

/// How often schedules are looked at: they are written in minutes.
const SCHEDULE: Duration = Duration::from_secs(10);

/// How long a wish to end a run goes unseen at most. Where it was told to this process, or PostgreSQL tells it, it is seen sooner.
const CANCELLED: Duration = Duration::from_secs(1);

/// How long between two looks for such wishes: a process with many deliveries is woken often.
const CANCELLED_APART: Duration = Duration::from_millis(200);

/// How often old things are removed.
const PRUNE: Duration = Duration::from_secs(60 * 60);

/// Starts all of it; it ends when the set is shut down.
pub(super) fn start(worker: &Arc<Worker>) -> JoinSet<()> {
    let mut clocks = JoinSet::new();
    clocks.spawn(sweeps(Arc::clone(worker)));
    clocks.spawn(schedules(Arc::clone(worker)));
    clocks.spawn(news(Arc::clone(worker)));
    clocks.spawn(cancellations(Arc::clone(worker)));
    clocks.spawn(prune(Arc::clone(worker)));
    clocks.spawn(notify::keep_telling(Arc::clone(&worker.app)));
    clocks
}

async fn sweeps(worker: Arc<Worker>) {
    // They end with this.
    let mut glances = JoinSet::new();
    loop {
        let now = worker.app.store.now();
        let next = match sweep(&worker, &mut glances, now).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "cannot mark sweeps");
                None
            }
        };
        while glances.try_join_next().is_some() {}
        let until = next.map_or(SWEEP, |next| {
            Duration::from_millis(u64::try_from(next.0.saturating_sub(now.0)).unwrap_or(0))
        });
        tokio::time::sleep(until.clamp(TICK, SWEEP)).await;
    }
}

/// Sweeps what has come: where nothing is due and the last full look is known, with a glance. Gives when the next one comes.
async fn sweep(
    worker: &Arc<Worker>,
    glances: &mut JoinSet<()>,
    now: Time,
) -> Result<Option<Time>, StoreError> {
    let (store, loaded) = (&worker.app.store, worker.app.loaded());
    store.pass_sweeps(&worker.glances.take_passed(), now).await?;
    let under_way = u32::try_from(worker.glances.under_way()).unwrap_or(u32::MAX);
    let come = store
        .mark_sweeps(now, SWEEPS.saturating_add(under_way), &|quiet| {
            let has_room = || {
                let mirror = loaded.mirrors.get(&quiet.mirror);
                mirror.is_some_and(|mirror| worker.seats.has_room(&loaded, mirror))
            };
            let others = worker.app.budget.is_shared() && quiet.waits(now) < LEFT;
            worker.glances.of(quiet, others, has_room)
        })
        .await?;
    let waits = !come.spared.is_empty();
    for quiet in come.spared {
        glances.spawn(glance(Arc::clone(worker), quiet));
    }
    // What glances see is told soon.
    Ok(if waits { Some(now) } else { come.next })
}

async fn news(worker: Arc<Worker>) {
    loop {
        if let Err(error) = refresh(&worker).await {
            tracing::warn!(%error, "cannot read what other processes wrote down");
        }
        tokio::time::sleep(NEWS).await;
    }
}

/// Learns which runs people want to end, for the turns that make them: a heartbeat may be long in coming.
async fn cancellations(worker: Arc<Worker>) {
    let store = &worker.app.store;
    loop {
        let mut wake = store.waker();
        match store.cancelled_runs().await {
            Ok(runs) => {
                worker.cancelled.send_if_modified(|known| {
                    let is_new = *known != runs;
                    *known = runs;
                    is_new
                });
            }
            Err(error) => tracing::warn!(%error, "cannot look for runs that people want to end"),
        }
        tokio::time::sleep(CANCELLED_APART).await;
        wake.wait(CANCELLED - CANCELLED_APART).await;
    }
}

pub(super) async fn refresh(worker: &Worker) -> Result<(), StoreError> {
    worker.app.store.read_clock().await?;
    let alive = worker.app.loaded().config.limits.lease;
    worker
        .app
        .budget
        .refresh(&worker.app.store, alive, worker.app.store.now())
        .await
}

async fn schedules(worker: Arc<Worker>) {
    loop {
        if let Err(error) = mark_scheduled(&worker).await {
            tracing::warn!(%error, "cannot mark what is scheduled");
        }
        tokio::time::sleep(SCHEDULE).await;
    }
}

/// Marks the mirrors whose schedule had a time since the last one that was taken care of, by any process: also one that passed while
/// none ran.
async fn mark_scheduled(worker: &Worker) -> Result<(), StoreError> {
    let store = &worker.app.store;
    let now = store.now();
    for schedule in store.schedules().await? {
        if occurs(&schedule.cron, schedule.up_to, now) {
            store.mark_scheduled(&schedule, now).await?;
        }
    }
    Ok(())
}

/// Whether a cron expression (five fields, UTC) has an occurrence after the first time and up to the second.
fn occurs(cron: &str, after: Time, to: Time) -> bool {
    let Ok(cron) = Cron::from_str(cron) else {
        // The configuration was checked when it was read.
        return false;
    };
    let time = |time: Time| {
        let time = jiff::Timestamp::from_millisecond(time.0).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::UTC))
    };
    match (time(after), time(to)) {
        (Some(after), Some(to)) => cron
            .find_next_occurrence(&after, false)
            .is_ok_and(|next| next <= to),
        _ => false,
    }
}

async fn prune(worker: Arc<Worker>) {
    loop {
        let retention = worker.app.loaded().config.retention;
        let pruned = worker
            .app
            .store
            .prune(
                retention.days,
                retention.runs,
                retention.deliveries,
                worker.app.store.now(),
            )
            .await;
        match pruned {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "removed what is older than the retention"),
            Err(error) => tracing::warn!(%error, "cannot remove what is older than the retention"),
        }
        tokio::time::sleep(PRUNE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_schedule_occurs_once_and_in_utc() {
        let before = at("2026-11-21T01:59:55Z");
        let on = at("2026-11-21T02:00:00Z");
        let after = at("2026-11-21T02:00:05Z");
        assert!(occurs("0 2 * * *", before, after));
        assert!(occurs("0 2 * * *", before, on));
        assert!(!occurs("0 2 * * *", on, after), "the look before had it");
        assert!(!occurs("0 3 * * *", before, after));
    }
}
