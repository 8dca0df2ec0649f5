//! What others learn of a run that ended: those who watch, the metrics, the log, the inbox.

use store::notice::Raised;
use store::queue::{Claim, Work};
use store::run::{Finished, State};
use store::{Store, StoreError, Time};

use super::budget::Verdict;
use super::journal::Journal;
use super::made::{Made, Trouble};
use super::notices;
use super::{Worker, begun};
use crate::api::model::name_text;
use crate::app::App;
use crate::live::Happened;
use crate::output::by_hand::is_stuck;

/// Tells what came of a run that was recorded.
pub(super) async fn ended(worker: &Worker, claim: &Claim, journal: &Journal, made: Made) {
    count(worker, claim, &made);
    if let Some(finished) = &made.outcome.run {
        journal.tell_state(finished.run.state);
        log(claim, finished);
    }
    if let Err(error) = write_down(worker, claim, &made).await {
        tracing::warn!(mirror = claim.mirror, %error, "cannot write down what people should be told");
    }
}

/// One line for one failure, and one for a run that left references to people: those that were left before are not told again.
fn log(claim: &Claim, finished: &Finished) {
    let run = &finished.run;
    if let Some(fault) = &run.fault {
        tracing::warn!(
            run = run.id,
            mirror = claim.mirror,
            side = fault.side,
            kind = fault.kind,
            retry = fault.retry,
            "{}",
            fault.message
        );
        return;
    }
    if !matches!(run.state, State::Refused | State::Held) || run.inputs.dry_run {
        return;
    }
    let mut left = finished.references.iter().filter(|one| is_stuck(&one.outcome));
    let Some(first) = left.next() else { return };
    tracing::warn!(
        run = run.id,
        mirror = claim.mirror,
        reference = name_text(&first.name),
        outcome = first.outcome,
        references = 1 + left.count(),
        "not written: {}",
        first.text
    );
}

/// The mirror's row changed.
pub(super) fn changed(app: &App, claim: &Claim) {
    if let Some(name) = &claim.mirror {
        app.live.tell(Happened::Mirror { name: name.clone() });
    }
}

fn count(worker: &Worker, claim: &Claim, made: &Made) {
    let metrics = &worker.app.metrics;
    for (credential, number) in &made.outcome.found_by_sweep {
        metrics.found_by_sweep(credential, *number);
    }
    let Some(finished) = &made.outcome.run else { return };
    let now = finished.run.ended.unwrap_or_else(Time::now);
    metrics.run_ended(
        finished.run.state,
        &finished.run.trigger,
        begun::took(&finished.run, now),
        finished.run.bytes,
    );
    let mut outcomes = std::collections::BTreeMap::new();
    for reference in &finished.references {
        *outcomes.entry(reference.outcome.as_str()).or_insert(0) += 1;
    }
    for (outcome, number) in outcomes {
        metrics.references_ended(outcome, number);
    }
    let Work::Due(dues) = &claim.work else { return };
    let settled = made.outcome.retry_at.is_none() && finished.run.written > 0;
    if let (true, Some(since)) = (settled, dues.since) {
        let millis = u64::try_from(now.0.saturating_sub(since.0)).unwrap_or(0);
        metrics.synced(std::time::Duration::from_millis(millis));
    }
}

async fn write_down(worker: &Worker, claim: &Claim, made: &Made) -> Result<(), StoreError> {
    let (store, now) = (&worker.app.store, worker.app.store.now());
    for verdict in &made.verdicts {
        judge(&worker.app, claim.mirror.as_deref(), verdict, now).await?;
    }
    let Some(mirror) = &claim.mirror else {
        return Ok(());
    };
    let raised = made
        .trouble
        .as_ref()
        // Those whose token is refused are told of with the refusal.
        .filter(|trouble| !matches!(trouble, Trouble::Token { .. }))
        .and_then(|trouble| notices::of_trouble(mirror, claim, trouble, now));
    if let Some(raised) = &raised {
        raise(store, raised, mirror, now).await?;
    }
    // However it came to work again: by itself, by a run that a person asked for, with another address.
    if is_good(made) {
        for cause in store.failures(mirror).await? {
            if is_of_all(claim, made) || !notices::is_own(&cause, mirror) {
                store.settle_notice(&cause, mirror, now).await?;
            }
        }
    }
    Ok(())
}

/// Whether the run carried all that may have failed before: what is due, or the whole scope. One of some references, or of an order,
/// tells that the hosts and the tokens work, and nothing of the other references.
fn is_of_all(claim: &Claim, made: &Made) -> bool {
    matches!(claim.work, Work::Due(_)) || made.outcome.looked_at.is_some()
}

/// Whether both hosts were asked, and nothing failed. A dry run tells nothing of writing.
fn is_good(made: &Made) -> bool {
    let ended_well = match &made.outcome.run {
        Some(Finished { run, .. }) => {
            !matches!(run.state, State::Failed | State::Cancelled) && !run.inputs.dry_run
        }
        None => true,
    };
    made.trouble.is_none() && made.outcome.error.is_none() && ended_well
}

/// A token that was refused, or works again, as a run of this mirror saw it: for all mirrors that use it.
pub(super) async fn judge(
    app: &App,
    mirror: Option<&str>,
    verdict: &Verdict,
    now: Time,
) -> Result<(), StoreError> {
    let store = &app.store;
    match verdict {
        Verdict::Refused {
            credential,
            key,
            hash,
            status,
        } => {
            store.refuse_secret(key, hash, *status, now).await?;
            let raised = notices::of_token(credential, *status);
            let mirrors = match key == credential {
                true => users(app, credential),
                false => mirror.into_iter().map(str::to_owned).collect(),
            };
            for mirror in mirrors {
                raise(store, &raised, &mirror, now).await?;
            }
        }
        Verdict::Accepted { credential } => {
            store.accept_secret(credential).await?;
            if let Some(mirror) = mirror {
                store.accept_secret(&format!("{credential}/{mirror}")).await?;
            }
            let causes = [401, 403].map(|status| notices::token_cause(credential, status));
            for notice in store.notices().await? {
                if causes.contains(&notice.cause) {
                    for mirror in &notice.mirrors {
                        store.settle_notice(&notice.cause, mirror, now).await?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// The mirrors that use a credential.
fn users(app: &App, credential: &str) -> Vec<String> {
    let loaded = app.loaded();
    let uses = |end: &config::MirrorEnd| end.credential.as_ref().is_some_and(|one| one.name == credential);
    loaded
        .mirrors
        .values()
        .filter(|mirror| uses(&mirror.ends.source) || uses(&mirror.ends.target))
        .map(|mirror| mirror.name.clone())
        .collect()
}

async fn raise(store: &Store, raised: &Raised, mirror: &str, now: Time) -> Result<(), StoreError> {
    let Raised { cause, event, text } = raised;
    store.raise(cause, event, text, mirror, now).await
}
