//! Sweeps: what is due by the clock.

use crate::codec::json;
use crate::db::args;
use crate::queue::told::Told;
use crate::queue::{Due, mark};
use crate::{Store, StoreError, Time};

/// What a new mirror's row of due things tells.
pub(crate) fn first_sweep(now: Time) -> String {
    json(&[Told::of(&Due::sweep(), 1, now)])
}

impl Store {
    /// Makes the mirrors due whose sweep has come, at most `limit`; gives their names and when the next one comes.
    ///
    /// Any process may do it: each sweep is taken by one. A paused mirror's comes when the pause ends.
    pub async fn mark_sweeps(
        &self,
        now: Time,
        limit: u32,
    ) -> Result<(Vec<String>, Option<Time>), StoreError> {
        let come = self
            .db()
            .rows(
                "SELECT name, next_sweep, sweep_ms FROM mirrors \
                 WHERE next_sweep IS NOT NULL AND parked = 0 AND paused_by IS NULL AND next_sweep <= $1 \
                 ORDER BY next_sweep LIMIT $2",
                args![now, limit],
            )
            .await?;
        let mut names = Vec::new();
        if !come.is_empty() {
            let mut tx = self.begin().await?;
            for row in come {
                let (name, at) = (row.text("name")?, row.int("next_sweep")?);
                let interval = row.maybe_int("sweep_ms")?.unwrap_or(1).max(1);
                // In step with before, so that sweeps stay spread; those that were missed are one.
                let missed = (now.0 - at) / interval;
                let next = at + (missed + 1) * interval;
                let taken = tx
                    .exec(
                        "UPDATE mirrors SET next_sweep = $3 WHERE name = $1 AND next_sweep = $2",
                        args![&name, at, next],
                    )
                    .await?;
                if taken == 1 {
                    mark(&mut tx, &name, &[Due::sweep()], now).await?;
                    names.push(name);
                }
            }
            self.commit_and_wake(tx).await?;
        }
        let next = self
            .db()
            .first(
                "SELECT next_sweep FROM mirrors \
                 WHERE next_sweep IS NOT NULL AND parked = 0 AND paused_by IS NULL ORDER BY next_sweep LIMIT 1",
                vec![],
            )
            .await?;
        Ok((names, next.map(|row| row.time("next_sweep")).transpose()?))
    }
}

impl Store {
    /// Queue depth (due references and whole scopes, and runs that were asked for) and the age of the oldest.
    pub async fn queue_state(&self, now: Time) -> Result<(u64, Option<std::time::Duration>), StoreError> {
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
        let age = age.map(|age| std::time::Duration::from_millis(age.unsigned_abs()));
        Ok((row.count("depth")?, age))
    }
}
