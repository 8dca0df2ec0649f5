//! What time it is, for all processes alike.
//!
//! Leases, retries and schedules compare times that different processes wrote. On PostgreSQL they go by the database's clock: read
//! now and then, and kept by this machine's steady one in between, so that it costs no question and a wrong or jumping clock of a
//! machine takes no claim from anybody. On SQLite all processes are on one machine, whose clock it is.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::db::{Db, Dialect};
use crate::{Store, StoreError, Time};

/// The last reading; `None` where the machine's clock goes.
#[derive(Debug)]
pub(crate) struct Clock(Option<Mutex<Reading>>);

/// What the database's clock said, and when that was by this machine's steady one.
#[derive(Debug, Clone, Copy)]
struct Reading {
    said: Time,
    at: Instant,
    /// How far it may be off: the question took so long.
    within: Duration,
}

impl Reading {
    fn now(self) -> Time {
        self.said + self.at.elapsed()
    }
}

impl Clock {
    pub(crate) async fn read(db: &Db) -> Result<Self, StoreError> {
        Ok(Self(match db.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => {
                // The first question waits for a connection, too, and tells the time less well.
                reading(db).await?;
                Some(Mutex::new(reading(db).await?))
            }
        }))
    }

    fn now(&self) -> Time {
        match &self.0 {
            None => Time::now(),
            Some(last) => last.lock().unwrap_or_else(PoisonError::into_inner).now(),
        }
    }
}

/// Asks the database. The time is taken from the middle of the question, of which nobody knows better.
async fn reading(db: &Db) -> Result<Reading, StoreError> {
    let asked = Instant::now();
    let sql = "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT) AS now";
    let row = db.first(sql, vec![]).await?;
    let row = row.ok_or_else(|| StoreError::Database("the database does not tell the time".to_owned()))?;
    let within = asked.elapsed();
    Ok(Reading {
        said: row.time("now")?,
        at: asked + within / 2,
        within,
    })
}

impl Store {
    /// What time it is: the same for all processes on this database, whatever the clocks of their machines say.
    pub fn now(&self) -> Time {
        self.inner.clock.now()
    }

    /// Reads the database's clock anew. To be called every now and then: steady clocks drift, and the database's may be set.
    pub async fn read_clock(&self) -> Result<(), StoreError> {
        if let Some(last) = &self.inner.clock.0 {
            let new = reading(self.db()).await?;
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            // A reading that says no more than the last one changes nothing: time does not go back because a question was slow.
            let apart = Duration::from_millis(last.now().0.abs_diff(new.now().0));
            if apart > new.within {
                *last = new;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    on_both!(every_process_has_the_same_time, |fresh| {
        let other = Store::open(&fresh.url.clone().into()).await.unwrap();
        let (here, there) = (fresh.store.now(), other.now());
        assert!((here.0 - there.0).abs() < 5_000, "{here:?} {there:?}");
        fresh.store.read_clock().await.unwrap();
        let again = fresh.store.now();
        assert!(again.0 > here.0 - 5_000, "{here:?} {again:?}");
    });

    /// The clock of a machine that is an hour ahead: what it read before is nothing to go by.
    fn skew(store: &Store) {
        if let Some(last) = &store.inner.clock.0 {
            last.lock().unwrap().said.0 += 3_600_000;
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_wrong_is_right_after_the_next_reading_and_takes_no_claim() {
        let fresh = postgres().await;
        fresh.settled("app").await;
        let (one, other) = (
            &fresh.store,
            Store::open(&fresh.url.clone().into()).await.unwrap(),
        );
        one.mark_due("app", &[pushed("main", '1', '2')], one.now())
            .await
            .unwrap();
        let claim = one
            .claim("w", &|_, _| true, LEASE, one.now())
            .await
            .unwrap()
            .unwrap();
        skew(&other);
        let take = async || other.claim("v", &|_, _| true, LEASE, other.now()).await.unwrap();
        other.read_clock().await.unwrap();
        assert!(take().await.is_none(), "the claim of a live process was taken");
        let beat = one
            .heartbeat(&claim, Duration::from_millis(1), one.now())
            .await
            .unwrap();
        assert_eq!(beat, crate::queue::Beat::Mine);
        let lapsed = async {
            while take().await.is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let lapsed = tokio::time::timeout(Duration::from_secs(30), lapsed).await;
        lapsed.expect("the claim of a process that is gone was never taken");
    }
}
