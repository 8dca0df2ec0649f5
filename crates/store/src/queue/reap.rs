//! Claims of workers that went silent, and claims that are given back.

use std::time::Duration;

use crate::db::{Tx, args};
use crate::mirror::set_health;
use crate::queue::claim::hold;
use crate::queue::{Claim, Work};
use crate::run::{Fault, note};
use crate::{Store, StoreError, Time};

/// How often a run that a person asked for is begun anew when its process dies: one that kills every process must end.
const ATTEMPTS: i64 = 5;

impl Store {
    /// Takes claims from workers that went silent.
    pub(crate) async fn reap(&self, now: Time) -> Result<(), StoreError> {
        let mirrors = self
            .db()
            .rows(
                "SELECT name FROM mirrors WHERE claim_by IS NOT NULL AND claim_until <= $1 ORDER BY claim_until LIMIT 64",
                args![now],
            )
            .await?;
        for row in mirrors {
            self.reap_mirror(&row.text("name")?, now).await?;
        }
        let runs = self
            .db()
            .rows(
                "SELECT id FROM runs WHERE claim_by IS NOT NULL AND claim_until <= $1 ORDER BY claim_until LIMIT 64",
                args![now],
            )
            .await?;
        for row in runs {
            let id = row.text("id")?;
            let mut tx = self.begin().await?;
            let sql = "SELECT id FROM runs WHERE id = $1 AND claim_by IS NOT NULL AND claim_until <= $2";
            if tx.locked(sql, args![&id, now]).await?.is_some() {
                end_orphan(&mut tx, &id, now).await?;
                self.commit_and_wake(tx).await?;
            }
        }
        Ok(())
    }

    async fn reap_mirror(&self, name: &str, now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let sql = "SELECT claim_run, failures, error FROM mirrors WHERE name = $1 AND claim_by IS NOT NULL AND claim_until <= $2";
        let Some(row) = tx.locked(sql, args![name, now]).await? else {
            return Ok(());
        };
        if let Some(run) = row.maybe_text("claim_run")? {
            end_orphan(&mut tx, &run, now).await?;
        }
        // A lease went by already: the first time it is due again at once. A mirror that ends its process each time must wait, also
        // one whose run never got as far as a row.
        // Only a death after a death waits: one after failures of another kind says nothing of the mirror.
        let again = row.maybe_text("error")?.as_deref() == Some(GONE);
        let failures = if again { row.int("failures")? } else { 0 };
        tx.exec(
            "UPDATE mirrors SET claim_by = NULL, claim_until = NULL, claim_run = NULL, claim_epoch = NULL, \
               failures = failures + 1, error = $2, \
               due_at = CASE WHEN due_at < $3 THEN $3 ELSE due_at END WHERE name = $1",
            args![name, GONE, now + back_off(failures)],
        )
        .await?;
        set_health(&mut tx, name).await?;
        self.commit_and_wake(tx).await
    }

    /// Gives a claim back untouched: everything stays due, at once. A run that was begun ends as cancelled; one that a person asked
    /// for is queued again, unless a person wanted it to end since.
    pub async fn release(&self, claim: &Claim, now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let held = hold(&mut tx, claim).await?;
        if let Some(run) = &held.run {
            keep_intents(&mut tx, run).await?;
            let sql = "UPDATE runs SET state = 'cancelled', ended = $2, claim_by = NULL, claim_until = NULL \
                       WHERE id = $1 AND state = 'running' AND cancel_by IS NOT NULL";
            tx.exec(sql, args![run, now]).await?;
            let sql = if matches!(claim.work, Work::Asked(_)) {
                "UPDATE runs SET state = 'queued', started = NULL, worker = NULL, claim_by = NULL, claim_until = NULL WHERE id = $1 AND state = 'running'"
            } else {
                "UPDATE runs SET state = 'cancelled', ended = $2 WHERE id = $1 AND state = 'running'"
            };
            let values = if matches!(claim.work, Work::Asked(_)) {
                args![run]
            } else {
                args![run, now]
            };
            tx.exec(sql, values).await?;
        }
        if let Some(mirror) = &claim.mirror {
            tx.exec(
                "UPDATE mirrors SET claim_by = NULL, claim_until = NULL, claim_run = NULL, claim_epoch = NULL WHERE name = $1",
                args![mirror],
            )
            .await?;
            set_health(&mut tx, mirror).await?;
        }
        self.commit_and_wake(tx).await
    }
}

/// What the mirror's row says of a process that died: the same words each time, by which a death after a death is known.
const GONE: &str = "the process that ran it is gone (killed, out of memory, or cut off from the database for longer than limits.lease): \
                    it is begun anew by itself";

/// What to do about it.
const LOOK: &str = "nothing, if it happens once: another process begins it anew, and looks first at what was written. If it happens \
                    again, the log of that process and its machine's (out of memory?) say why";

/// What is said of a write whose end its run did not see.
const UNSEEN: &str = "the run was cut before it saw whether this was written";

/// The wait for a count of failures in a row: nothing, 1 s, 2 s, 4 s … 1 h.
pub(crate) fn back_off(failures: i64) -> Duration {
    if failures < 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(failures - 1).unwrap_or(u32::MAX);
    Duration::from_secs(2_u64.saturating_pow(doublings).min(60 * 60))
}

/// Keeps what a run that was cut was about to write, with the values it replaced: so it can be undone. An undo is leased on the new
/// value, so that what was not written in the end is not touched. What runs before it left behind is theirs.
pub(crate) async fn keep_intents(tx: &mut Tx, run: &str) -> Result<(), StoreError> {
    tx.exec(
        "INSERT INTO run_refs (run, name, side, old, new, outcome, words, remote, replaced) \
         SELECT r.id, i.name, i.side, i.old, i.new, 'unknown', $2, NULL, CASE WHEN i.old IS NULL THEN 0 ELSE 1 END \
         FROM runs r JOIN intents i ON i.mirror = r.mirror WHERE r.id = $1 AND i.since >= coalesce(r.started, 0) \
         ON CONFLICT (run, name, side) DO NOTHING",
        args![run, UNSEEN],
    )
    .await?;
    Ok(())
}

/// Ends the run of a process that is gone, or queues it again if a person asked for it.
async fn end_orphan(tx: &mut Tx, id: &str, now: Time) -> Result<(), StoreError> {
    keep_intents(tx, id).await?;
    let again = tx
        .exec(
            "UPDATE runs SET state = 'queued', started = NULL, worker = NULL, attempt = attempt + 1, claim_by = NULL, claim_until = NULL \
             WHERE id = $1 AND state = 'running' AND asked = 1 AND attempt < $2 AND cancel_by IS NULL",
            args![id, ATTEMPTS],
        )
        .await?;
    if again == 1 {
        return note(tx, id, "warning", GONE, now).await;
    }
    let sql = "SELECT worker, asked, cancel_by FROM runs WHERE id = $1";
    let row = tx.first(sql, args![id]).await?;
    let (worker, asked, cancelled) = match &row {
        Some(row) => (
            row.maybe_text("worker")?,
            row.flag("asked")?,
            row.maybe_text("cancel_by")?,
        ),
        None => (None, false, None),
    };
    let worker = worker.unwrap_or_else(|| "of an unknown name".to_owned());
    let message = format!(
        "the process {worker} that ran it is gone: killed, out of memory, or cut off from the database for longer than limits.lease"
    );
    let advice = match (asked, cancelled) {
        (_, Some(by)) => {
            format!("{by} wanted it to end, so it is not begun anew; ask for it again if it is still wanted")
        }
        (true, None) => format!(
            "its process was gone {ATTEMPTS} times, so it is not begun anew: the log of that process and its machine's (out of memory?) \
             say why; then `refsync run rerun {id}`"
        ),
        (false, None) => LOOK.to_owned(),
    };
    let fault = Fault {
        side: None,
        stage: None,
        kind: "worker-lost".to_owned(),
        message: message.clone(),
        advice: Some(advice),
        retry: !asked,
    };
    tx.exec(
        "UPDATE runs SET state = 'failed', ended = $2, fault = $3, claim_by = NULL, claim_until = NULL \
         WHERE id = $1 AND state = 'running'",
        args![id, now, crate::codec::json(&fault)],
    )
    .await?;
    note(tx, id, "error", &message, now).await
}
