//! Schedules: what is due at the times that a cron expression names. What they mean is not known here, only up to when they were kept.

use crate::db::args;
use crate::queue::{Due, mark};
use crate::{Store, StoreError, Time};

/// A mirror's schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The mirror.
    pub mirror: String,
    /// The cron expression.
    pub cron: String,
    /// Its times up to this one were taken care of, or were before there was a schedule.
    pub up_to: Time,
}

impl Store {
    /// The schedules of all mirrors that are neither parked nor paused: what passes during a pause is made up once when it ends.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        let sql = "SELECT name, schedule, scheduled_at FROM mirrors \
                   WHERE schedule IS NOT NULL AND parked = 0 AND paused_by IS NULL ORDER BY name";
        let rows = self.db().rows(sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                Ok(Schedule {
                    mirror: row.text("name")?,
                    cron: row.text("schedule")?,
                    up_to: row.time("scheduled_at")?,
                })
            })
            .collect()
    }

    /// Makes the mirror due, since its schedule had a time up to `now`. Any process may do it: each time is taken by one, which is
    /// told so. Times that were missed are one.
    pub async fn mark_scheduled(&self, schedule: &Schedule, now: Time) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE mirrors SET scheduled_at = $4 WHERE name = $1 AND schedule = $2 AND scheduled_at = $3 \
                   AND parked = 0 AND paused_by IS NULL";
        let values = args![&schedule.mirror, &schedule.cron, schedule.up_to, now];
        if tx.exec(sql, values).await? == 0 {
            return Ok(false);
        }
        mark(&mut tx, &schedule.mirror, &[Due::all("schedule")], now).await?;
        self.commit_and_wake(tx).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    on_both!(
        a_time_of_a_schedule_is_taken_by_one_process_and_kept_over_a_restart,
        |fresh| {
            fresh.settled("app").await;
            let mut daily = known("app");
            daily.schedule = Some("0 2 * * *".to_owned());
            fresh.store.adopt(&[daily.clone()], Time(1_000)).await.unwrap();
            while let Some(claim) = fresh.claim("w", Time(1_000)).await {
                fresh
                    .store
                    .finish(&claim, &Default::default(), Time(1_000))
                    .await
                    .unwrap();
            }
            // Another life on the same database, hours later, with the same file.
            let (one, other) = (
                Store::open(&fresh.url.clone().into()).await.unwrap(),
                Store::open(&fresh.url.clone().into()).await.unwrap(),
            );
            one.adopt(&[daily], Time(90_000_000)).await.unwrap();
            let seen = one.schedules().await.unwrap();
            assert_eq!((seen.len(), seen[0].up_to), (1, Time(1_000)));
            let now = Time(90_000_000);
            let both = tokio::join!(
                one.mark_scheduled(&seen[0], now),
                other.mark_scheduled(&seen[0], now)
            );
            let taken = [both.0.unwrap(), both.1.unwrap()];
            assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
            assert_eq!(one.schedules().await.unwrap()[0].up_to, now);
            let claim = fresh.claim("w", now).await.unwrap();
            assert_eq!(dues(&claim).triggers, ["schedule"]);
        }
    );

    on_both!(a_changed_schedule_begins_now_and_a_paused_mirror_waits, |fresh| {
        let mut app = known("app");
        app.schedule = Some("0 2 * * *".to_owned());
        fresh.store.adopt(&[app.clone()], Time(10)).await.unwrap();
        app.schedule = Some("0 3 * * *".to_owned());
        fresh.store.adopt(&[app.clone()], Time(500)).await.unwrap();
        let seen = fresh.store.schedules().await.unwrap();
        assert_eq!((seen[0].cron.as_str(), seen[0].up_to), ("0 3 * * *", Time(500)));
        fresh
            .store
            .set_paused("app", Some("ada"), Time(600))
            .await
            .unwrap();
        assert!(fresh.store.schedules().await.unwrap().is_empty());
        assert!(!fresh.store.mark_scheduled(&seen[0], Time(700)).await.unwrap());
        fresh.store.set_paused("app", None, Time(800)).await.unwrap();
        assert!(fresh.store.mark_scheduled(&seen[0], Time(900)).await.unwrap());
        app.schedule = None;
        fresh.store.adopt(&[app], Time(1_000)).await.unwrap();
        assert!(fresh.store.schedules().await.unwrap().is_empty());
    });
}
