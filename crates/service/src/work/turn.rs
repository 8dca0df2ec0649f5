//! One claim, from its beginning to its end: prepare, run, record.

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;
use store::queue::{Beat, Claim, Outcome, Work};
use store::run::{Finished, Run, State};
use tokio_util::sync::CancellationToken;

use super::attempt::attempt;
use super::journal::Journal;
use super::made::Made;
use super::{Worker, begun, notices, told};

/// How long a run that a person cancelled stays untouched, unless something new comes.
const AFTER_CANCEL: Duration = Duration::from_secs(5 * 60);

/// How often the record is tried when the database is busy: as long as the claim holds.
const RECORD_AGAIN: Duration = Duration::from_millis(250);

/// Why a run ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The process stops.
    Stopping,
    /// A person wants it.
    Cancelled,
    /// Another worker has the claim: nothing may be written any more.
    Lost,
}

/// Works on a claim. Dropping the run cuts its connections: a target with an incomplete pack changes nothing, and what was about to
/// be written is known to the next run as an intent.
pub(super) async fn turn(worker: Arc<Worker>, claim: Claim, cut: CancellationToken) {
    let journal = begun::journal(&worker.app, &claim);
    let cut = tokio::select! {
        biased;
        () = cut.cancelled() => Cut::Stopping,
        cut = beats(&worker, &claim) => cut,
        () = is_unwanted(&worker, &journal) => Cut::Cancelled,
        never = journal.keep_storing() => match never {},
        made = attempt(&worker, &claim, &journal) => return end(&worker, &claim, &journal, made).await,
    };
    match cut {
        Cut::Stopping => give_back(&worker, &claim, &journal).await,
        Cut::Cancelled => cancelled(&worker, &claim, &journal).await,
        Cut::Lost => tracing::warn!(
            mirror = claim.mirror,
            run = journal.run().id,
            "another process took the mirror over: the run was cut and nothing recorded"
        ),
    }
    told::changed(&worker.app, &claim);
}

/// Comes back when a person wants the run to end.
async fn is_unwanted(worker: &Worker, journal: &Journal) {
    let id = &journal.run().id;
    let mut cancelled = worker.cancelled.subscribe();
    let has_ended = cancelled.wait_for(|runs| runs.contains(id)).await.is_err();
    if has_ended {
        // The worker keeps the sender as long as it lives.
        std::future::pending::<()>().await;
    }
}

/// Keeps the claim; comes back when the run must end.
async fn beats(worker: &Worker, claim: &Claim) -> Cut {
    let lease = worker.app.loaded().config.limits.lease;
    let mirror = claim.mirror.as_deref();
    beating(mirror, lease, || {
        worker.app.store.heartbeat(claim, lease, worker.app.store.now())
    })
    .await
}

/// Beats three times in a lease. A database that does not answer is as good as none: another may have the claim as soon as the lease
/// is over, counted from when the last beat that was heard was sent.
async fn beating<B>(mirror: Option<&str>, lease: Duration, beat: impl Fn() -> B) -> Cut
where
    B: Future<Output = Result<Beat, StoreError>>,
{
    let mut kept = tokio::time::Instant::now();
    loop {
        tokio::time::sleep(lease / 3).await;
        let sent = tokio::time::Instant::now();
        match tokio::time::timeout(lease.saturating_sub(kept.elapsed()), beat()).await {
            Ok(Ok(Beat::Mine)) => kept = sent,
            Ok(Ok(Beat::Cancelled)) => return Cut::Cancelled,
            Ok(Ok(Beat::Lost)) | Err(_) => return Cut::Lost,
            Ok(Err(_)) if kept.elapsed() >= lease => return Cut::Lost,
            Ok(Err(error)) => tracing::warn!(mirror, %error, "cannot renew a claim"),
        }
    }
}

async fn end(worker: &Worker, claim: &Claim, journal: &Journal, made: Result<Made, StoreError>) {
    let app = &worker.app;
    match made {
        Ok(mut made) => {
            if let Some(mirror) = &claim.mirror {
                made.outcome.notices = notices::of_waiting(mirror, &made.memory, &made.outcome);
            }
            if finish(worker, claim, &made.outcome).await {
                if let Some(mirror) = &claim.mirror {
                    worker.glances.learn(mirror, claim.fence, made.digest);
                }
                told::ended(worker, claim, journal, made).await;
            }
        }
        Err(error) => {
            tracing::error!(mirror = claim.mirror, run = journal.run().id, %error, "a run could not be made: its claim is given back, and what is due is tried again");
            if let Err(error) = app.store.release(claim, app.store.now()).await {
                tracing::error!(mirror = claim.mirror, %error, "cannot give a claim back: it lapses by itself");
            }
            // Not in a circle as fast as the machine can.
            tokio::time::sleep(RECORD_AGAIN).await;
        }
    }
    told::changed(app, claim);
}

/// Records the end, for as long as the claim holds. Whether it was recorded.
async fn finish(worker: &Worker, claim: &Claim, outcome: &Outcome) -> bool {
    let lease = worker.app.loaded().config.limits.lease;
    let since = tokio::time::Instant::now();
    loop {
        match worker
            .app
            .store
            .finish(claim, outcome, worker.app.store.now())
            .await
        {
            Ok(()) => return true,
            Err(error) if error.may_pass() && since.elapsed() < lease => {
                tokio::time::sleep(RECORD_AGAIN).await;
                // The claim must not lapse meanwhile.
                if !matches!(
                    worker
                        .app
                        .store
                        .heartbeat(claim, lease, worker.app.store.now())
                        .await,
                    Ok(Beat::Mine | Beat::Cancelled) | Err(_)
                ) {
                    return false;
                }
            }
            Err(error) => {
                tracing::error!(mirror = claim.mirror, %error, "a run could not be recorded: the next one finds out what it did");
                return false;
            }
        }
    }
}

async fn give_back(worker: &Worker, claim: &Claim, journal: &Journal) {
    if journal.has_begun() {
        journal.note("warning", "cut: the process stops; it begins anew");
        let lines = journal.take_lines();
        // The log is a courtesy; the claim matters.
        let _ = worker.app.store.append_log(&journal.run().id, &lines).await;
    }
    match worker.app.store.release(claim, worker.app.store.now()).await {
        Ok(()) => journal.tell_state(State::Cancelled),
        Err(error) => {
            tracing::error!(mirror = claim.mirror, %error, "cannot give a claim back: it lapses by itself");
        }
    }
}

async fn cancelled(worker: &Worker, claim: &Claim, journal: &Journal) {
    journal.note(
        "warning",
        "cancelled; what was being written is looked at by the next run",
    );
    let now = worker.app.store.now();
    let run = Run {
        state: State::Cancelled,
        ended: Some(now),
        ..journal.run().clone()
    };
    let outcome = Outcome {
        run: Some(Finished {
            run,
            references: Vec::new(),
            log: journal.take_lines(),
        }),
        retry_at: matches!(claim.work, Work::Due(_)).then(|| now + AFTER_CANCEL),
        ..Outcome::default()
    };
    if finish(worker, claim, &outcome).await {
        journal.tell_state(State::Cancelled);
        worker.app.metrics.run_ended(
            State::Cancelled,
            &journal.run().trigger,
            begun::took(journal.run(), now),
            0,
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_heartbeat_that_hangs_ends_the_run_when_its_lease_is_over() {
        let lease = Duration::from_millis(300);
        let beats = AtomicU32::new(0);
        let began = tokio::time::Instant::now();
        let cut = beating(None, lease, || async {
            match beats.fetch_add(1, Ordering::Relaxed) {
                0 => Ok(Beat::Mine),
                _ => std::future::pending().await,
            }
        });
        assert_eq!(cut.await, Cut::Lost);
        // The first was sent after a third of it and was heard.
        assert!(began.elapsed() >= lease + lease / 3);
    }
}
