//! Causes that people are told of, once each.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::db::{Row, Tx, args};
use crate::{Store, StoreError, Time};

/// Something people are told of, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What makes it the same: `credential ghe 401`, `conflict app refs/heads/main 1a2b 3c4d`.
    pub cause: String,
    /// `conflict`, `held`, `failure`.
    pub event: String,
    /// A sentence.
    pub text: String,
    /// The mirrors it concerns.
    pub mirrors: Vec<String>,
    /// First seen.
    pub since: Time,
    /// When people were told.
    pub told: Option<Time>,
    /// When it was over.
    pub over: Option<Time>,
}

/// A cause that exists (still).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// What makes it the same.
    pub cause: String,
    /// `conflict`, `held`, `failure`.
    pub event: &'static str,
    /// A sentence.
    pub text: String,
}

/// What a run changes of what people are told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// Causes that exist.
    pub raised: Vec<Raised>,
    /// Causes that are over for its mirror.
    pub settled: Vec<String>,
}

/// How long one process has for telling people, before another tries.
const LEASE: Duration = Duration::from_secs(60);

/// Asked after each good run: `notice_mirrors_open` answers it.
const FAILURES: &str = "SELECT m.cause FROM notice_mirrors m JOIN notices n ON n.cause = m.cause \
     WHERE m.mirror = $1 AND m.over IS NULL AND n.over IS NULL AND n.event = 'failure' ORDER BY m.cause";

impl Store {
    /// A cause exists (still) and concerns this mirror. One that was over begins anew.
    pub async fn raise(
        &self,
        cause: &str,
        event: &str,
        text: &str,
        mirror: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        raise_in(&mut tx, (cause, event, text), mirror, now).await?;
        tx.commit().await
    }

    /// A cause is over for this mirror; over as a whole once it is over for all.
    pub async fn settle_notice(&self, cause: &str, mirror: &str, now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        settle_in(&mut tx, cause, mirror, now).await?;
        tx.commit().await
    }

    /// The failures of this mirror that are not over, by cause.
    pub async fn failures(&self, mirror: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.db().rows(FAILURES, args![mirror]).await?;
        rows.iter().map(|row| row.text("cause")).collect()
    }

    /// Causes whose beginning (older than `before`, so that mirrors gather) or end nobody was told of. They count as told to this caller
    /// alone, for a minute: if it did not call [`Store::told`] by then, another may.
    pub async fn untold(&self, before: Time, now: Time) -> Result<Vec<Notice>, StoreError> {
        let sql = "SELECT cause FROM notices WHERE (told IS NULL OR over_told IS NULL) AND teller_until <= $2 \
                   AND ((told IS NULL AND over IS NULL AND since <= $1) OR (over IS NOT NULL AND over_told IS NULL)) ORDER BY since, cause";
        let candidates = self.db().rows(sql, args![before, now]).await?;
        let mut notices = Vec::new();
        for row in candidates {
            let cause = row.text("cause")?;
            let mut tx = self.begin().await?;
            let taken = tx
                .exec(
                    "UPDATE notices SET teller_until = $2 WHERE cause = $1 AND teller_until <= $3 \
                     AND ((told IS NULL AND over IS NULL) OR (over IS NOT NULL AND over_told IS NULL))",
                    args![&cause, now + LEASE, now],
                )
                .await?;
            if taken == 1 {
                notices.extend(read(&mut tx, &cause).await?);
                tx.commit().await?;
            }
        }
        Ok(notices)
    }

    /// Who was told of a cause: of its beginning, or (`true`) of its end; recipients by what the configuration
    /// knows them by.
    pub async fn sent(&self, cause: &str) -> Result<BTreeSet<(bool, String)>, StoreError> {
        let sql = "SELECT ending, recipient FROM notice_sent WHERE cause = $1";
        let rows = self.db().rows(sql, args![cause]).await?;
        rows.iter()
            .map(|row| Ok((row.flag("ending")?, row.text("recipient")?)))
            .collect()
    }

    /// A recipient was told of a cause's beginning, or of its end.
    pub async fn note_sent(
        &self,
        cause: &str,
        end: bool,
        recipient: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        self.db()
            .exec(
                "INSERT INTO notice_sent (cause, ending, recipient, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                args![cause, i64::from(end), recipient, now],
            )
            .await
            .map(drop)
    }

    /// All who want it were told of its beginning, or of its end.
    pub async fn told(&self, cause: &str, end: bool, now: Time) -> Result<(), StoreError> {
        let sql = if end {
            "UPDATE notices SET over_told = $2, told = coalesce(told, $2), teller_until = 0 \
             WHERE cause = $1 AND over IS NOT NULL"
        } else {
            "UPDATE notices SET told = $2, teller_until = 0 WHERE cause = $1 AND told IS NULL"
        };
        self.db().exec(sql, args![cause, now]).await.map(drop)
    }

    /// Causes that are not over, oldest first: the inbox.
    pub async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        let sql = "SELECT n.cause, n.event, n.words, n.since, n.told, n.over, m.mirror FROM notices n \
                   LEFT JOIN notice_mirrors m ON m.cause = n.cause AND m.over IS NULL \
                   WHERE n.over IS NULL ORDER BY n.since, n.cause, m.mirror";
        gather(&self.db().rows(sql, vec![]).await?)
    }
}

/// What a run changes, of causes of its mirror alone: they are locked after its row.
pub(crate) async fn change(
    tx: &mut Tx,
    notices: &Notices,
    mirror: &str,
    now: Time,
) -> Result<(), StoreError> {
    for Raised { cause, event, text } in &notices.raised {
        raise_in(tx, (cause, event, text), mirror, now).await?;
    }
    for cause in &notices.settled {
        settle_in(tx, cause, mirror, now).await?;
    }
    Ok(())
}

async fn raise_in(
    tx: &mut Tx,
    (cause, event, text): (&str, &str, &str),
    mirror: &str,
    now: Time,
) -> Result<(), StoreError> {
    lock(tx, cause).await?;
    tx.exec(
        "DELETE FROM notice_mirrors WHERE cause = $1 AND EXISTS (SELECT 1 FROM notices n WHERE n.cause = $1 AND n.over IS NOT NULL)",
        args![cause],
    )
    .await?;
    // Who heard of its beginning, and not of its end, hears of neither again; all others hear of its beginning.
    tx.exec(
        "DELETE FROM notice_sent WHERE cause = $1 AND (recipient IN \
             (SELECT s.recipient FROM notice_sent s WHERE s.cause = $1 AND s.ending = 1) \
           OR EXISTS (SELECT 1 FROM notices n WHERE n.cause = $1 AND n.over_told IS NOT NULL))",
        args![cause],
    )
    .await?;
    tx.exec(
        "INSERT INTO notices (cause, event, words, since) VALUES ($1, $2, $3, $4) ON CONFLICT (cause) DO UPDATE SET \
           event = excluded.event, words = excluded.words, \
           since = CASE WHEN notices.over IS NULL THEN notices.since ELSE excluded.since END, \
           told = CASE WHEN notices.over IS NULL THEN notices.told END, \
           teller_until = CASE WHEN notices.over IS NULL THEN notices.teller_until ELSE 0 END, \
           over = NULL, over_told = NULL",
        args![cause, event, text, now],
    )
    .await?;
    tx.exec(
        "INSERT INTO notice_mirrors (cause, mirror) VALUES ($1, $2) ON CONFLICT (cause, mirror) DO UPDATE SET over = NULL",
        args![cause, mirror],
    )
    .await
    .map(drop)
}

/// All causes are over for a mirror that is no more, or another one now.
pub(crate) async fn settle_all(tx: &mut Tx, mirror: &str, now: Time) -> Result<(), StoreError> {
    let sql = "SELECT cause FROM notice_mirrors WHERE mirror = $1 AND over IS NULL ORDER BY cause";
    for row in tx.rows(sql, args![mirror]).await? {
        settle_in(tx, &row.text("cause")?, mirror, now).await?;
    }
    Ok(())
}

async fn settle_in(tx: &mut Tx, cause: &str, mirror: &str, now: Time) -> Result<(), StoreError> {
    lock(tx, cause).await?;
    tx.exec(
        "UPDATE notice_mirrors SET over = $3 WHERE cause = $1 AND mirror = $2 AND over IS NULL",
        args![cause, mirror, now],
    )
    .await?;
    tx.exec(
        "UPDATE notices SET over = $2, teller_until = 0 WHERE cause = $1 AND over IS NULL \
         AND NOT EXISTS (SELECT 1 FROM notice_mirrors m WHERE m.cause = $1 AND m.over IS NULL)",
        args![cause, now],
    )
    .await?;
    // What was over before anybody was told needs no telling.
    tx.exec(
        "UPDATE notices SET told = $2, over_told = $2 WHERE cause = $1 AND over IS NOT NULL AND told IS NULL \
         AND NOT EXISTS (SELECT 1 FROM notice_sent s WHERE s.cause = $1)",
        args![cause, now],
    )
    .await
    .map(drop)
}

async fn lock(tx: &mut Tx, cause: &str) -> Result<(), StoreError> {
    let sql = "SELECT cause FROM notices WHERE cause = $1";
    tx.locked(sql, args![cause]).await.map(drop)
}

/// One cause, with all the mirrors that it concerns or concerned.
async fn read(tx: &mut Tx, cause: &str) -> Result<Vec<Notice>, StoreError> {
    let sql = "SELECT n.cause, n.event, n.words, n.since, n.told, n.over, m.mirror FROM notices n \
               LEFT JOIN notice_mirrors m ON m.cause = n.cause WHERE n.cause = $1 ORDER BY m.mirror";
    gather(&tx.rows(sql, args![cause]).await?)
}

/// From one row for each mirror to one notice for each cause.
fn gather(rows: &[Row]) -> Result<Vec<Notice>, StoreError> {
    let mut notices: Vec<Notice> = Vec::new();
    for row in rows {
        let cause = row.text("cause")?;
        if notices.last().is_none_or(|last| last.cause != cause) {
            notices.push(Notice {
                cause,
                event: row.text("event")?,
                text: row.text("words")?,
                mirrors: Vec::new(),
                since: row.time("since")?,
                told: row.maybe_time("told")?,
                over: row.maybe_time("over")?,
            });
        }
        if let (Some(last), Some(mirror)) = (notices.last_mut(), row.maybe_text("mirror")?) {
            last.mirrors.push(mirror);
        }
    }
    Ok(notices)
}

#[cfg(test)]
mod tests;
