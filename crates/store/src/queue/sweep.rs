//! Sweeps: what is due by the clock.

use std::time::Duration;

use crate::codec::json;
use crate::db::args;
use crate::queue::told::Told;
use crate::queue::{Due, mark};
use crate::{Store, StoreError, Time};

/// What a new mirror's row of due things tells.
pub(crate) fn first_sweep(now: Time) -> String {
    json(&[Told::of(&Due::sweep(), 1, now)])
}

/// A sweep that has come, of a mirror of which nothing is due or stands, and that nobody works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    /// The mirror.
    pub mirror: String,
    /// Counts its claims: while it stays the same, nobody worked on the mirror.
    pub fence: i64,
    /// When the sweep had its time.
    pub at: Time,
    /// When the one after it has.
    pub next: Time,
}

/// What is done about a quiet sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quietly {
    /// The mirror is due.
    Marked,
    /// The caller takes it upon itself.
    Spared,
    /// It is left to another process for now.
    Left,
}

impl Quiet {
    /// For how long it has come.
    pub fn waits(&self, now: Time) -> Duration {
        Duration::from_millis(u64::try_from(now.0.saturating_sub(self.at.0)).unwrap_or(0))
    }
}

/// What came of sweeps by now.
#[derive(Debug, Default)]
pub struct Come {
    /// The mirrors that are due.
    pub due: Vec<String>,
    /// Those that the caller takes upon itself.
    pub spared: Vec<Quiet>,
    /// When the next one comes that is neither: at once, where more have come than were asked for.
    pub next: Option<Time>,
}

impl Store {
    /// Makes the mirrors due whose sweep has come, at most `limit`, but for the quiet ones of which the caller says otherwise. At those
    /// that it spares it looks without a claim, and tells [`Store::pass_sweeps`] what it saw. Until then they have come.
    ///
    /// Any process may do it: each sweep is taken by one. A paused mirror's comes when the pause ends.
    pub async fn mark_sweeps(
        &self,
        now: Time,
        limit: u32,
        quietly: &(dyn Fn(&Quiet) -> Quietly + Sync),
    ) -> Result<Come, StoreError> {
        let rows = self
            .db()
            .rows(
                "SELECT name, next_sweep, sweep_ms, fence, \
                   CASE WHEN health = 'in-sync' AND due_at IS NULL AND claim_by IS NULL THEN 1 ELSE 0 END AS quiet FROM mirrors \
                 WHERE next_sweep IS NOT NULL AND parked = 0 AND paused_by IS NULL AND next_sweep <= $1 \
                 ORDER BY next_sweep LIMIT $2",
                args![now, limit],
            )
            .await?;
        let mut come = Come::default();
        let is_full = rows.len() >= limit as usize;
        let mut marked = Vec::new();
        for row in rows {
            let (mirror, at) = (row.text("name")?, row.time("next_sweep")?);
            let interval = row.maybe_int("sweep_ms")?.unwrap_or(1).max(1);
            // In step with before, so that sweeps stay spread; those that were missed are one.
            let missed = (now.0 - at.0) / interval;
            let quiet = Quiet {
                mirror,
                fence: row.int("fence")?,
                at,
                next: Time(at.0 + (missed + 1) * interval),
            };
            let done = match row.flag("quiet")? {
                true => quietly(&quiet),
                false => Quietly::Marked,
            };
            match done {
                Quietly::Marked => marked.push(quiet),
                Quietly::Spared => come.spared.push(quiet),
                Quietly::Left => {}
            }
        }
        let may_be_more = is_full && (!marked.is_empty() || !come.spared.is_empty());
        if !marked.is_empty() {
            let mut tx = self.begin().await?;
            for Quiet { mirror, at, next, .. } in marked {
                let sql = "UPDATE mirrors SET next_sweep = $3 WHERE name = $1 AND next_sweep = $2";
                if tx.exec(sql, args![&mirror, at, next]).await? == 1 {
                    mark(&mut tx, &mirror, &[Due::sweep()], now).await?;
                    come.due.push(mirror);
                }
            }
            self.commit_and_wake(tx).await?;
        }
        if may_be_more {
            come.next = Some(now);
            return Ok(come);
        }
        let next = self
            .db()
            .first(
                "SELECT next_sweep FROM mirrors \
                 WHERE next_sweep > $1 AND parked = 0 AND paused_by IS NULL ORDER BY next_sweep LIMIT 1",
                args![now],
            )
            .await?;
        come.next = next.map(|row| row.time("next_sweep")).transpose()?;
        Ok(come)
    }

    /// These sweeps found both sides as the last full look had: they are over. One whose mirror somebody worked on meanwhile has come
    /// still.
    pub async fn pass_sweeps(&self, passed: &[Quiet], now: Time) -> Result<(), StoreError> {
        if passed.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for Quiet {
            mirror,
            fence,
            at,
            next,
        } in passed
        {
            tx.exec(
                "UPDATE mirrors SET next_sweep = $4, in_sync_at = $5 WHERE name = $1 AND fence = $2 AND next_sweep = $3 \
                 AND health = 'in-sync' AND due_at IS NULL AND claim_by IS NULL",
                args![mirror, *fence, *at, *next, now],
            )
            .await?;
        }
        tx.commit().await
    }
}

impl Store {
    /// Queue depth (due references and whole scopes, and runs that were asked for) and the age of the oldest.
    pub async fn queue_state(&self, now: Time) -> Result<(u64, Option<Duration>), StoreError> {
        let row = self
            .db()
            .first(
                "SELECT CAST(sum(things) AS BIGINT) AS depth, min(oldest) AS oldest FROM ( \
                   SELECT count(*) AS things, min(d.since) AS oldest FROM due d JOIN mirrors m ON m.name = d.mirror \
                     WHERE m.parked = 0 AND m.paused_by IS NULL \
                   UNION ALL SELECT count(*) AS things, min(created) AS oldest FROM runs WHERE state = 'queued' \
                 ) AS queue",
                vec![],
            )
            .await?;
        let Some(row) = row else { return Ok((0, None)) };
        let age = row
            .maybe_int("oldest")?
            .map(|oldest| now.0.saturating_sub(oldest).max(0));
        let age = age.map(|age| Duration::from_millis(age.unsigned_abs()));
        Ok((row.count("depth")?, age))
    }
}
