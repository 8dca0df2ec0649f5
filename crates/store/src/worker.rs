//! The processes that share a database.

use std::time::Duration;

use crate::db::args;
use crate::{Store, StoreError, Time};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Host name, process id and a random part.
    pub id: String,
    /// Of its configuration.
    pub fingerprint: String,
    /// When it took that configuration over.
    pub since: Time,
    /// When it was last heard of.
    pub seen: Time,
    /// Its version.
    pub version: String,
}

impl Store {
    /// A process lives.
    pub async fn report_worker(&self, worker: &Worker) -> Result<(), StoreError> {
        self.db()
            .exec(
                "INSERT INTO workers (id, fingerprint, since, seen, version) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, since = excluded.since, seen = excluded.seen, \
                   version = excluded.version",
                args![
                    &worker.id,
                    &worker.fingerprint,
                    worker.since,
                    worker.seen,
                    &worker.version
                ],
            )
            .await
            .map(drop)
    }

    /// A process ended.
    pub async fn retire_worker(&self, id: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM workers WHERE id = $1";
        self.db().exec(sql, args![id]).await.map(drop)
    }

    /// The processes heard of within that time.
    pub async fn workers(&self, within: Duration, now: Time) -> Result<Vec<Worker>, StoreError> {
        let within = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let sql = "SELECT id, fingerprint, since, seen, version FROM workers WHERE seen >= $1 ORDER BY id";
        let rows = self.db().rows(sql, args![now.0.saturating_sub(within)]).await?;
        rows.iter()
            .map(|row| {
                Ok(Worker {
                    id: row.text("id")?,
                    fingerprint: row.text("fingerprint")?,
                    since: row.time("since")?,
                    seen: row.time("seen")?,
                    version: row.text("version")?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    on_both!(a_process_is_known_while_it_is_heard_of, |fresh| {
        let store = &fresh.store;
        let mut worker = Worker {
            id: "host-1-a".to_owned(),
            fingerprint: "f1".to_owned(),
            since: Time(1),
            seen: Time(10),
            version: "0.1.0".to_owned(),
        };
        store.report_worker(&worker).await.unwrap();
        worker.seen = Time(20);
        worker.fingerprint = "f2".to_owned();
        store.report_worker(&worker).await.unwrap();
        let within = Duration::from_millis(10);
        assert_eq!(store.workers(within, Time(30)).await.unwrap(), [worker.clone()]);
        assert!(store.workers(within, Time(31)).await.unwrap().is_empty());
        store.retire_worker(&worker.id).await.unwrap();
        assert!(store.workers(within, Time(20)).await.unwrap().is_empty());
    });
}
