//! The end of a claim: everything that a run found out, in one transaction.

use engine::decide::Base;
use gitwire::RefName;
use sqlx::AssertSqlSafe;

use crate::codec::{base_columns, from_json, json, oid_value, word};
use crate::conflict::Standing;
use crate::db::{Tx, Value, args};
use crate::mirror::{count_standing, set_health};
use crate::notice;
use crate::queue::mark::{is_news, settled_base};
use crate::queue::told::Told;
use crate::queue::{Claim, Outcome, Work, hold, keep_intents};
use crate::run::{State, record};
use crate::{Store, StoreError, Time};

/// How many names are removed with one statement.
const NAMES: usize = 256;

impl Store {
    /// Records the end and gives the claim back. Fenced: [`StoreError::Fenced`] changes nothing.
    ///
    /// If an address of the mirror changed since the claim, the run is recorded, and nothing else: what it learned is of repositories
    /// that are no longer the mirror's.
    pub async fn finish(&self, claim: &Claim, outcome: &Outcome, now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let held = hold(&mut tx, claim).await?;
        match (&outcome.run, &held.run) {
            (Some(finished), _) => {
                record(&mut tx, finished, now).await?;
                if finished.run.state == State::Cancelled {
                    keep_intents(&mut tx, &finished.run.id).await?;
                }
            }
            (None, Some(begun)) => drop_begun(&mut tx, begun, now).await?,
            (None, None) => {}
        }
        let Some(mirror) = &claim.mirror else {
            return self.commit_and_wake(tx).await;
        };
        let mut due_at = DueAt::Kept;
        if !held.moved {
            remember(&mut tx, mirror, outcome, now).await?;
            stand(&mut tx, mirror, outcome).await?;
            notice::change(&mut tx, &outcome.notices, mirror, now).await?;
            if let Work::Due(dues) = &claim.work {
                due_at = clear(&mut tx, mirror, dues.up_to, outcome, now).await?;
            }
            count_finds(&mut tx, outcome, now).await?;
            count_standing(&mut tx, mirror).await?;
        }
        close(&mut tx, mirror, &due_at, now).await?;
        if !held.moved {
            conclude(&mut tx, mirror, claim, outcome, held.failures, now).await?;
        }
        set_health(&mut tx, mirror).await?;
        self.commit_and_wake(tx).await
    }
}

/// A run that was begun and turned out not to be worth a row: one that a person asked for is kept as succeeded.
async fn drop_begun(tx: &mut Tx, run: &str, now: Time) -> Result<(), StoreError> {
    let sql = "UPDATE runs SET state = 'succeeded', ended = $2, claim_by = NULL WHERE id = $1 AND asked = 1 AND state = 'running'";
    if tx.exec(sql, args![run, now]).await? == 0 {
        tx.exec("DELETE FROM run_log WHERE run = $1", args![run]).await?;
        let sql = "DELETE FROM runs WHERE id = $1 AND state = 'running'";
        tx.exec(sql, args![run]).await?;
        let sql = "UPDATE mirrors SET last_run = (SELECT max(r.id) FROM runs r WHERE r.mirror = mirrors.name) WHERE last_run = $1";
        tx.exec(sql, args![run]).await?;
    }
    Ok(())
}

async fn remove(
    tx: &mut Tx,
    delete: &'static str,
    mirror: &str,
    names: &[&RefName],
) -> Result<(), StoreError> {
    for chunk in names.chunks(NAMES) {
        let places: Vec<String> = (0..chunk.len()).map(|index| format!("${}", index + 2)).collect();
        let sql = format!("{delete} WHERE mirror = $1 AND name IN ({})", places.join(","));
        let names = chunk.iter().map(|name| Value::from(*name));
        tx.exec(
            AssertSqlSafe(sql),
            args![mirror].into_iter().chain(names).collect(),
        )
        .await?;
    }
    Ok(())
}

async fn remember(tx: &mut Tx, mirror: &str, outcome: &Outcome, now: Time) -> Result<(), StoreError> {
    let done: Vec<&RefName> = outcome.intents_done.iter().collect();
    remove(tx, "DELETE FROM intents", mirror, &done).await?;
    let (forgotten, kept): (Vec<_>, Vec<_>) = outcome
        .bases
        .iter()
        .partition(|(_, base)| matches!(base, Base::Unknown));
    let forgotten: Vec<&RefName> = forgotten.into_iter().map(|(name, _)| name).collect();
    remove(tx, "DELETE FROM bases", mirror, &forgotten).await?;
    let rows = kept
        .into_iter()
        .map(|(name, base)| {
            let (kind, value) = base_columns(*base);
            args![mirror, name, kind, oid_value(value), now]
        })
        .collect();
    tx.insert(
        "INSERT INTO bases (mirror, name, kind, value, since)",
        rows,
        "ON CONFLICT (mirror, name) DO UPDATE SET kind = excluded.kind, value = excluded.value, since = excluded.since",
    )
    .await
}

async fn stand(tx: &mut Tx, mirror: &str, outcome: &Outcome) -> Result<(), StoreError> {
    let settled: Vec<&RefName> = outcome.settled.iter().collect();
    remove(tx, "DELETE FROM standing", mirror, &settled).await?;
    let rows = outcome
        .standing
        .iter()
        .map(|standing| stand_row(mirror, standing))
        .collect();
    tx.insert(
        "INSERT INTO standing (mirror, name, why, source, target, base_kind, base_value, words, run, since)",
        rows,
        // What still stands for the same reason, with the same values, stands since then.
        "ON CONFLICT (mirror, name) DO UPDATE SET \
           since = CASE WHEN standing.why = excluded.why AND standing.source IS NOT DISTINCT FROM excluded.source \
             AND standing.target IS NOT DISTINCT FROM excluded.target THEN standing.since ELSE excluded.since END, \
           why = excluded.why, source = excluded.source, target = excluded.target, base_kind = excluded.base_kind, \
           base_value = excluded.base_value, words = excluded.words, run = excluded.run",
    )
    .await
}

fn stand_row(mirror: &str, standing: &Standing) -> Vec<Value> {
    let (kind, value) = base_columns(standing.base);
    args![
        mirror,
        &standing.name,
        word(standing.why),
        oid_value(standing.seen.source),
        oid_value(standing.seen.target),
        kind,
        oid_value(value),
        &standing.text,
        &standing.run,
        standing.since,
    ]
}

/// When what is still due may be claimed.
enum DueAt {
    /// As before.
    Kept,
    /// Then; `None` if nothing is due.
    At(Option<Time>),
}

/// Clears what the run took care of: all up to the claim, but for what stays. What came later stays, unless it only told what is the
/// base by now: our own push, told back while the run was still going on.
async fn clear(
    tx: &mut Tx,
    mirror: &str,
    up_to: i64,
    outcome: &Outcome,
    now: Time,
) -> Result<DueAt, StoreError> {
    let all_stays = outcome.retry_at.is_some() && outcome.stay_due.is_empty();
    let stays = |name: &[u8]| {
        outcome.retry_at.is_some()
            && (all_stays || outcome.stay_due.iter().any(|stays| stays.as_bytes() == name))
    };
    if outcome.retry_at.is_none() {
        let sql = "DELETE FROM due WHERE mirror = $1 AND number <= $2";
        tx.exec(sql, args![mirror, up_to]).await?;
    }
    let sql = "SELECT name, number, told FROM due WHERE mirror = $1";
    let (mut staying, mut newer) = (false, false);
    for row in tx.rows(sql, args![mirror]).await? {
        let (name, number) = (row.blob("name")?, row.int("number")?);
        let mut told: Vec<Told> = from_json(&row, "told")?;
        let later = |told: &Told| told.number > up_to;
        if stays(&name) {
            staying = true;
            newer |= told.iter().any(|told| later(told) && is_news(&told.by));
            continue;
        }
        told.retain(later);
        if number <= up_to || is_echo(tx, mirror, &name, &told).await? {
            let sql = "DELETE FROM due WHERE mirror = $1 AND name = $2";
            tx.exec(sql, args![mirror, name]).await?;
            continue;
        }
        newer = true;
        let since = told.iter().map(|told| told.at).min().unwrap_or(now);
        let sql = "UPDATE due SET told = $3, since = $4 WHERE mirror = $1 AND name = $2";
        tx.exec(sql, args![mirror, name, json(&told), since]).await?;
    }
    Ok(DueAt::At(match (newer, staying) {
        (true, _) => Some(now),
        (false, true) => outcome.retry_at,
        (false, false) => None,
    }))
}

async fn is_echo(tx: &mut Tx, mirror: &str, name: &[u8], told: &[Told]) -> Result<bool, StoreError> {
    if name.is_empty() || told.is_empty() {
        return Ok(false);
    }
    let Some(base) = settled_base(tx, mirror, name).await? else {
        return Ok(false);
    };
    Ok(told
        .iter()
        .all(|told| told.event.as_ref().is_some_and(|event| event.new == base)))
}

/// Finds are summed by the hour.
const HOUR_MS: i64 = 3_600_000;

async fn count_finds(tx: &mut Tx, outcome: &Outcome, now: Time) -> Result<(), StoreError> {
    for (credential, found) in outcome.found_by_sweep.iter().filter(|(_, found)| *found > 0) {
        let found = i64::try_from(*found).unwrap_or(i64::MAX);
        tx.exec(
            "INSERT INTO sweep_finds (credential, hour, found) VALUES ($1, $2, $3) \
             ON CONFLICT (credential, hour) DO UPDATE SET found = sweep_finds.found + excluded.found",
            args![credential, now.0 / HOUR_MS * HOUR_MS, found],
        )
        .await?;
    }
    Ok(())
}

/// Gives the claim back.
async fn close(tx: &mut Tx, mirror: &str, due_at: &DueAt, now: Time) -> Result<(), StoreError> {
    tx.exec(
        "UPDATE mirrors SET claim_by = NULL, claim_until = NULL, claim_run = NULL, claim_epoch = NULL WHERE name = $1",
        args![mirror],
    )
    .await?;
    match due_at {
        // A run that a person asked for clears nothing that is due.
        DueAt::Kept => {}
        DueAt::At(at) => {
            // A person may have set it forward meanwhile; only the rows say whether something is due at all.
            let sql = "UPDATE mirrors SET due_at = $2 WHERE name = $1";
            tx.exec(sql, args![mirror, at.map(|at| at.max(now))]).await?;
        }
    }
    Ok(())
}

/// What the mirror's row says of the run.
async fn conclude(
    tx: &mut Tx,
    mirror: &str,
    claim: &Claim,
    outcome: &Outcome,
    failures: i64,
    now: Time,
) -> Result<(), StoreError> {
    let run = outcome.run.as_ref().map(|finished| &finished.run);
    let state = run.map(|run| run.state);
    let failures = match state {
        Some(State::Failed) => failures + 1,
        // Somebody ended it: nothing was learned of whether it would fail.
        Some(State::Cancelled) => failures,
        None if outcome.error.is_some() => failures,
        _ => 0,
    };
    let wrote = run.is_some_and(|run| run.written > 0 && !run.inputs.dry_run);
    tx.exec(
        "UPDATE mirrors SET failures = $2, error = CASE WHEN $3 = 1 THEN error ELSE $4 END, \
           changed_at = CASE WHEN $5 = 1 THEN $6 ELSE changed_at END, last_run = coalesce($7, last_run) WHERE name = $1",
        args![
            mirror,
            failures,
            state == Some(State::Cancelled),
            &outcome.error,
            wrote,
            now,
            run.map(|run| run.id.as_str()),
        ],
    )
    .await?;
    if let Some(references) = outcome.looked_at {
        let references = i64::try_from(references).unwrap_or(i64::MAX);
        let sql = "UPDATE mirrors SET refs = $2, refs_known = 1 WHERE name = $1";
        tx.exec(sql, args![mirror, references]).await?;
    }
    if let Some(references) = outcome.all_in_sync {
        let references = i64::try_from(references).unwrap_or(i64::MAX);
        let sql = "UPDATE mirrors SET refs = $2, refs_known = 1, in_sync_at = $3 WHERE name = $1";
        return tx.exec(sql, args![mirror, references, now]).await.map(drop);
    }
    let whole = matches!(&claim.work, Work::Due(dues) if dues.all);
    let clean = matches!(state, Some(State::Succeeded)) && outcome.retry_at.is_none();
    if clean && !run.is_some_and(|run| run.inputs.dry_run) {
        // Both sides were equal before this run but for what it wrote, or it looked at everything; or an earlier run had looked at
        // everything, and of what stood then nothing waits any more, nor is anything due again.
        tx.exec(
            "UPDATE mirrors SET in_sync_at = $2 WHERE name = $1 AND waiting = 0 AND behind_since IS NULL \
             AND (in_sync_at IS NOT NULL OR $3 = 1 \
               OR (refs_known = 1 AND NOT EXISTS (SELECT 1 FROM due d WHERE d.mirror = mirrors.name)))",
            args![mirror, now, whole],
        )
        .await?;
    }
    Ok(())
}
