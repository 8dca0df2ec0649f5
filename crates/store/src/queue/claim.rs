//! Claims: one worker for a mirror at a time, as long as its heart beats.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::codec::{from_json, json};
use crate::db::{Row, Tx, args};
use crate::mirror::{missing, set_health};
use crate::queue::told::{self, Told};
use crate::queue::{Beat, Claim, Dues, Work, back_off};
use crate::run::{Fault, State, from_row};
use crate::{Store, StoreError, Time};

/// How many candidates are looked at with one query.
const PAGE: i64 = 64;

/// Where a page of candidates ended: their time and name.
type After = (i64, String);

impl Store {
    /// Claims something that is due, of the mirrors whose name and fingerprint `own` knows, for as long as `lease`. What a person
    /// asked for comes first, then the oldest. A mirror that is paused takes only what a person asks for, a parked one nothing.
    ///
    /// Claims of workers that went silent are taken from them first: their runs end as failed, what they had begun stays written
    /// down as intents, and what was due is still due.
    pub async fn claim(
        &self,
        worker: &str,
        own: &(dyn Fn(&str, &str) -> bool + Sync),
        lease: Duration,
        now: Time,
    ) -> Result<Option<Claim>, StoreError> {
        self.reap(now).await?;
        if let Some(claim) = self.claim_asked(worker, own, lease, now).await? {
            return Ok(Some(claim));
        }
        let mut after: After = (i64::MIN, String::new());
        loop {
            let rows = self
                .db()
                .rows(
                    "SELECT name, fingerprint, due_at FROM mirrors \
                     WHERE due_at IS NOT NULL AND claim_by IS NULL AND parked = 0 AND paused_by IS NULL \
                       AND due_at <= $1 AND (due_at, name) > ($2, $3) ORDER BY due_at, name LIMIT $4",
                    args![now, after.0, &after.1, PAGE],
                )
                .await?;
            for row in &rows {
                after = (row.int("due_at")?, row.text("name")?);
                let fingerprint = row.text("fingerprint")?;
                if own(&after.1, &fingerprint) {
                    let until = now + lease;
                    match self.claim_due(worker, &after.1, &fingerprint, until, now).await {
                        Ok(Some(claim)) => return Ok(Some(claim)),
                        Ok(None) => {}
                        // What cannot be read of one mirror must not keep the others waiting.
                        Err(StoreError::Database(error)) => self.set_aside(&after.1, &error, now).await?,
                        Err(error) => return Err(error),
                    }
                }
            }
            if (rows.len() as i64) < PAGE {
                return Ok(None);
            }
        }
    }

    async fn claim_due(
        &self,
        worker: &str,
        mirror: &str,
        fingerprint: &str,
        until: Time,
        now: Time,
    ) -> Result<Option<Claim>, StoreError> {
        let mut tx = self.begin().await?;
        let taken = tx
            .exec(
                "UPDATE mirrors SET claim_by = $2, claim_until = $3, claim_run = NULL, claim_epoch = epoch, fence = fence + 1 \
                 WHERE name = $1 AND fingerprint = $4 AND due_at <= $5 AND claim_by IS NULL AND parked = 0 AND paused_by IS NULL",
                args![mirror, worker, until, fingerprint, now],
            )
            .await?;
        if taken == 0 {
            return Ok(None);
        }
        let sql = "SELECT fence, sequence, failures FROM mirrors WHERE name = $1";
        let row = tx
            .first(sql, args![mirror])
            .await?
            .ok_or_else(|| missing(mirror))?;
        let sql = "SELECT name, since, told FROM due WHERE mirror = $1 ORDER BY name";
        let mut dues = dues(&tx.rows(sql, args![mirror]).await?)?;
        dues.up_to = row.int("sequence")?;
        dues.failures = row.count("failures")?;
        tx.commit().await?;
        Ok(Some(Claim {
            mirror: Some(mirror.to_owned()),
            worker: worker.to_owned(),
            fence: row.int("fence")?,
            work: Work::Due(dues),
        }))
    }

    /// A mirror whose due references cannot be read waits, longer each time.
    async fn set_aside(&self, mirror: &str, error: &str, now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let sql = "SELECT failures FROM mirrors WHERE name = $1 AND claim_by IS NULL AND due_at <= $2";
        let Some(row) = tx.locked(sql, args![mirror, now]).await? else {
            return Ok(());
        };
        let failures = row.int("failures")?.saturating_add(1);
        tx.exec(
            "UPDATE mirrors SET failures = $2, error = $3, due_at = $4 WHERE name = $1",
            args![mirror, failures, error, now + back_off(failures)],
        )
        .await?;
        set_health(&mut tx, mirror).await?;
        tx.commit().await
    }

    /// A run that was asked for and cannot be read ends as failed.
    async fn give_up(&self, id: &str, error: String, now: Time) -> Result<(), StoreError> {
        let fault = Fault {
            side: None,
            stage: None,
            kind: "unreadable".to_owned(),
            message: format!("what was asked for cannot be read from the database: {error}"),
            advice: Some(
                "ask for it again; if that fails alike, the database was changed by another program or is damaged: restore a backup \
                 with `refsync db restore`"
                    .to_owned(),
            ),
            retry: false,
        };
        let mut tx = self.begin().await?;
        tx.exec(
            "UPDATE runs SET state = 'failed', ended = $2, fault = $3 WHERE id = $1 AND state = 'queued'",
            args![id, now, json(&fault)],
        )
        .await?;
        tx.commit().await
    }

    async fn claim_asked(
        &self,
        worker: &str,
        own: &(dyn Fn(&str, &str) -> bool + Sync),
        lease: Duration,
        now: Time,
    ) -> Result<Option<Claim>, StoreError> {
        let mut after: After = (i64::MIN, String::new());
        loop {
            let rows = self
                .db()
                .rows(
                    "SELECT r.id, r.created, r.mirror, m.fingerprint FROM runs r LEFT JOIN mirrors m ON m.name = r.mirror \
                     WHERE r.state = 'queued' AND (r.created, r.id) > ($1, $2) \
                       AND (r.mirror IS NULL OR (m.claim_by IS NULL AND m.parked = 0)) \
                     ORDER BY r.created, r.id LIMIT $3",
                    args![after.0, &after.1, PAGE],
                )
                .await?;
            for row in &rows {
                after = (row.int("created")?, row.text("id")?);
                let mirror = row.maybe_text("mirror")?;
                let fingerprint = row.maybe_text("fingerprint")?.unwrap_or_default();
                if mirror.as_deref().is_none_or(|mirror| own(mirror, &fingerprint)) {
                    let mine = Mine {
                        worker,
                        mirror: mirror.as_deref(),
                        fingerprint: &fingerprint,
                        until: now + lease,
                    };
                    match self.claim_run(&after.1, &mine).await {
                        Ok(Some(claim)) => return Ok(Some(claim)),
                        Ok(None) => {}
                        Err(StoreError::Database(error)) => self.give_up(&after.1, error, now).await?,
                        Err(error) => return Err(error),
                    }
                }
            }
            if (rows.len() as i64) < PAGE {
                return Ok(None);
            }
        }
    }

    async fn claim_run(&self, id: &str, mine: &Mine<'_>) -> Result<Option<Claim>, StoreError> {
        let mut tx = self.begin().await?;
        // The mirror before the run, in this order everywhere: two transactions never wait for each other.
        let fence = match mine.mirror {
            Some(mirror) => claim_mirror_for(&mut tx, mirror, id, mine).await?,
            None => None,
        };
        if mine.mirror.is_some() && fence.is_none() {
            return Ok(None);
        }
        let taken = tx
            .exec(
                "UPDATE runs SET state = 'running', worker = $2, claim_by = CASE WHEN mirror IS NULL THEN $2 END, \
                   claim_until = CASE WHEN mirror IS NULL THEN $3 END, fence = fence + 1 \
                 WHERE id = $1 AND state = 'queued'",
                args![id, mine.worker, mine.until],
            )
            .await?;
        if taken == 0 {
            return Ok(None);
        }
        let sql = "SELECT * FROM runs WHERE id = $1";
        let row = tx.first(sql, args![id]).await?.ok_or_else(|| lost(id))?;
        let mut run = from_row(&row)?;
        run.state = State::Queued;
        let fence = match fence {
            Some(fence) => fence,
            None => row.int("fence")?,
        };
        tx.commit().await?;
        Ok(Some(Claim {
            mirror: mine.mirror.map(str::to_owned),
            worker: mine.worker.to_owned(),
            fence,
            work: Work::Asked(Box::new(run)),
        }))
    }

    /// The next time after `now` at which something becomes due that is not claimed, or a silent worker's claim ends: for how long a
    /// worker that found nothing may sleep. What is due already is not counted: it is another's, or rings the [`crate::wake::Waker`].
    pub async fn next_due(&self, now: Time) -> Result<Option<Time>, StoreError> {
        let row = self
            .db()
            .first(
                "SELECT min(at) AS at FROM ( \
                   SELECT min(due_at) AS at FROM mirrors WHERE due_at IS NOT NULL AND claim_by IS NULL AND parked = 0 \
                     AND paused_by IS NULL AND due_at > $1 \
                   UNION ALL SELECT min(claim_until) AS at FROM mirrors WHERE claim_by IS NOT NULL AND claim_until > $1 \
                   UNION ALL SELECT min(claim_until) AS at FROM runs WHERE claim_by IS NOT NULL AND claim_until > $1 \
                 ) AS times",
                args![now],
            )
            .await?;
        row.map_or(Ok(None), |row| row.maybe_time("at"))
    }

    /// Makes a claim hold for longer. A run whose mirror got another address meanwhile is told to end, as by a person.
    pub async fn heartbeat(&self, claim: &Claim, lease: Duration, now: Time) -> Result<Beat, StoreError> {
        let mut tx = self.begin().await?;
        let held = match hold(&mut tx, claim).await {
            Ok(held) => held,
            Err(StoreError::Fenced { .. }) => return Ok(Beat::Lost),
            Err(error) => return Err(error),
        };
        let until = now + lease;
        match &claim.mirror {
            Some(mirror) => {
                let sql = "UPDATE mirrors SET claim_until = $2 WHERE name = $1";
                tx.exec(sql, args![mirror, until]).await?;
            }
            None => {
                let sql = "UPDATE runs SET claim_until = $2 WHERE id = $1";
                tx.exec(sql, args![&held.run, until]).await?;
            }
        }
        let wish = tx
            .first("SELECT cancel_by FROM runs WHERE id = $1", args![&held.run])
            .await?;
        let wish = match wish {
            Some(row) => row.maybe_text("cancel_by")?,
            None => None,
        };
        tx.commit().await?;
        if wish.is_some() || held.moved {
            Ok(Beat::Cancelled)
        } else {
            Ok(Beat::Mine)
        }
    }
}

/// Who claims what.
struct Mine<'a> {
    worker: &'a str,
    mirror: Option<&'a str>,
    fingerprint: &'a str,
    until: Time,
}

async fn claim_mirror_for(
    tx: &mut Tx,
    mirror: &str,
    run: &str,
    mine: &Mine<'_>,
) -> Result<Option<i64>, StoreError> {
    let taken = tx
        .exec(
            "UPDATE mirrors SET claim_by = $2, claim_until = $3, claim_run = $4, claim_epoch = epoch, fence = fence + 1 \
             WHERE name = $1 AND fingerprint = $5 AND claim_by IS NULL AND parked = 0",
            args![mirror, mine.worker, mine.until, run, mine.fingerprint],
        )
        .await?;
    if taken == 0 {
        return Ok(None);
    }
    set_health(tx, mirror).await?;
    let row = tx
        .first("SELECT fence FROM mirrors WHERE name = $1", args![mirror])
        .await?;
    row.ok_or_else(|| missing(mirror))?.int("fence").map(Some)
}

fn dues(rows: &[Row]) -> Result<Dues, StoreError> {
    let mut dues = Dues::default();
    let mut triggers = BTreeSet::new();
    let mut deliveries = BTreeSet::new();
    for row in rows {
        let told: Vec<Told> = from_json(row, "told")?;
        if row.blob("name")?.is_empty() {
            dues.all = true;
        } else {
            dues.names
                .insert(crate::codec::ref_name(row, "name")?, told::hints(&told)?);
        }
        let since = row.time("since")?;
        dues.since = Some(dues.since.map_or(since, |oldest| oldest.min(since)));
        triggers.extend(told.iter().map(|told| told.by.clone()));
        deliveries.extend(told.into_iter().filter_map(|told| told.delivery));
    }
    dues.triggers = triggers.into_iter().collect();
    dues.deliveries = deliveries.into_iter().collect();
    Ok(dues)
}

/// A claim that is still its worker's, its row locked.
pub(crate) struct Held {
    /// The run under way, if one was begun.
    pub(crate) run: Option<String>,
    /// An address of the mirror changed since the claim.
    pub(crate) moved: bool,
    /// The failures in a row so far.
    pub(crate) failures: i64,
}

/// What a worker is told whose claim is another's now.
pub(crate) fn lost(what: &str) -> StoreError {
    StoreError::Fenced {
        mirror: what.to_owned(),
    }
}

/// Locks the row of a claim, and checks that it is still the worker's.
pub(crate) async fn hold(tx: &mut Tx, claim: &Claim) -> Result<Held, StoreError> {
    let run = match &claim.work {
        Work::Asked(run) => Some(run.id.clone()),
        Work::Due(_) => None,
    };
    let (row, what) = match (&claim.mirror, run) {
        (Some(mirror), _) => {
            let sql = "SELECT claim_by, fence, claim_run, claim_epoch, epoch, failures FROM mirrors WHERE name = $1";
            (tx.locked(sql, args![mirror]).await?, mirror.clone())
        }
        (None, Some(id)) => {
            let sql = "SELECT claim_by, fence, id AS claim_run, fence AS claim_epoch, fence AS epoch, fence AS failures \
                       FROM runs WHERE id = $1";
            (tx.locked(sql, args![&id]).await?, format!("run {id}"))
        }
        (None, None) => return Err(lost("a claim without a mirror")),
    };
    let row = row.ok_or_else(|| lost(&what))?;
    if row.maybe_text("claim_by")?.as_deref() != Some(&claim.worker) || row.int("fence")? != claim.fence {
        return Err(lost(&what));
    }
    Ok(Held {
        run: row.maybe_text("claim_run")?,
        moved: row.maybe_int("claim_epoch")? != row.maybe_int("epoch")?,
        failures: row.int("failures")?,
    })
}
