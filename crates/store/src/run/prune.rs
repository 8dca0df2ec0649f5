//! Retention: what is older than the limits goes.

use sqlx::AssertSqlSafe;

use crate::db::{Value, args};
use crate::{Store, StoreError, Time};

const DAY_MS: i64 = 86_400_000;

/// How many rows go with one transaction, so that others wait for none.
const AT_A_TIME: i64 = 500;

/// What never goes: runs that are not over, that wait for a person, or that a mirror or something that stands names.
const OVER: &str = "state NOT IN ('queued', 'running') \
    AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.run = runs.id) \
    AND NOT EXISTS (SELECT 1 FROM mirrors m WHERE m.name = runs.mirror \
      AND (m.last_run = runs.id OR (runs.state = 'held' AND m.held > 0)))";

impl Store {
    /// Removes what is older than the limits; held runs and open conflicts stay. Gives how much went.
    ///
    /// `days` is for runs, deliveries, the audit and what is over of notices; `runs` is of each mirror, `deliveries` of all together. 0 is
    /// no limit.
    pub async fn prune(&self, days: u32, runs: u32, deliveries: u32, now: Time) -> Result<u64, StoreError> {
        let mut gone = 0;
        if days > 0 {
            let before = now.0 - i64::from(days) * DAY_MS;
            gone += self.prune_runs(&format!("created < {before}"), &[]).await?;
            gone += self.prune_deliveries(&format!("at < {before}")).await?;
            gone += self.prune_rest(before).await?;
        }
        if runs > 0 {
            gone += self.prune_each(runs).await?;
        }
        if deliveries > 0
            && let Some(oldest) = self.nth_newest("deliveries", &[], deliveries).await?
        {
            gone += self.prune_deliveries(&format!("id < '{oldest}'")).await?;
        }
        Ok(gone)
    }

    /// Keeps so many runs of each mirror, and of those without one.
    async fn prune_each(&self, keep: u32) -> Result<u64, StoreError> {
        let sql = "SELECT mirror FROM runs GROUP BY mirror HAVING count(*) > $1";
        let mut gone = 0;
        for row in self.db().rows(sql, args![i64::from(keep)]).await? {
            let mirror = row.maybe_text("mirror")?;
            let (of, values) = match &mirror {
                Some(name) => ("mirror = $1", args![name]),
                None => ("mirror IS NULL", args![]),
            };
            let Some(oldest) = self
                .nth_newest(&format!("runs WHERE {of}"), &values, keep)
                .await?
            else {
                continue;
            };
            gone += self
                .prune_runs(&format!("{of} AND id < '{oldest}'"), &values)
                .await?;
        }
        Ok(gone)
    }

    /// The id of the oldest row that is among the `keep` newest.
    async fn nth_newest(
        &self,
        rows: &str,
        values: &[Value],
        keep: u32,
    ) -> Result<Option<String>, StoreError> {
        let skipped = i64::from(keep) - 1;
        let sql = format!("SELECT id FROM {rows} ORDER BY id DESC LIMIT 1 OFFSET {skipped}");
        let row = self.db().first(AssertSqlSafe(sql), values.to_vec()).await?;
        let Some(row) = row else { return Ok(None) };
        let id = row.text("id")?;
        // It goes into statements as it is: ours are hexadecimal.
        let ours = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        Ok(ours.then_some(id))
    }

    async fn prune_runs(&self, which: &str, values: &[Value]) -> Result<u64, StoreError> {
        let chosen = format!("SELECT id FROM runs WHERE {which} AND {OVER} ORDER BY id LIMIT {AT_A_TIME}");
        let delete = [
            "DELETE FROM run_refs WHERE run IN",
            "DELETE FROM run_log WHERE run IN",
            "DELETE FROM runs WHERE id IN",
        ];
        self.prune_in_steps(&chosen, values, &delete).await
    }

    async fn prune_deliveries(&self, which: &str) -> Result<u64, StoreError> {
        let chosen = format!("SELECT id FROM deliveries WHERE {which} ORDER BY id LIMIT {AT_A_TIME}");
        let delete = [
            "DELETE FROM delivery_mirrors WHERE delivery IN",
            "DELETE FROM deliveries WHERE id IN",
        ];
        self.prune_in_steps(&chosen, &[], &delete).await
    }

    /// Removes what is chosen, some at a time, until nothing more is; gives how many.
    async fn prune_in_steps(
        &self,
        chosen: &str,
        values: &[Value],
        delete: &[&str],
    ) -> Result<u64, StoreError> {
        let mut gone = 0;
        loop {
            let mut tx = self.begin().await?;
            let rows = tx.rows(AssertSqlSafe(chosen.to_owned()), values.to_vec()).await?;
            let ids = rows
                .iter()
                .map(|row| row.text("id").map(Value::from))
                .collect::<Result<Vec<_>, _>>()?;
            if ids.is_empty() {
                return Ok(gone);
            }
            let places: Vec<String> = (1..=ids.len()).map(|index| format!("${index}")).collect();
            for delete in delete {
                let sql = format!("{delete} ({})", places.join(","));
                tx.exec(AssertSqlSafe(sql), ids.clone()).await?;
            }
            tx.commit().await?;
            gone += ids.len() as u64;
        }
    }

    async fn prune_rest(&self, before: i64) -> Result<u64, StoreError> {
        let mut gone = 0;
        for sql in [
            "DELETE FROM audit WHERE at < $1",
            "DELETE FROM notice_mirrors WHERE cause IN (SELECT cause FROM notices WHERE over < $1 AND over_told IS NOT NULL)",
            "DELETE FROM notice_sent WHERE cause IN (SELECT cause FROM notices WHERE over < $1 AND over_told IS NOT NULL)",
            "DELETE FROM notices WHERE over < $1 AND over_told IS NOT NULL",
            "DELETE FROM sweep_finds WHERE hour < $1",
            "DELETE FROM workers WHERE seen < $1",
        ] {
            gone += self.db().exec(sql, args![before]).await?;
        }
        Ok(gone)
    }
}
