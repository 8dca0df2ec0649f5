//! A run's log.

use crate::db::{Row, Tx, args};
use crate::run::LogLine;
use crate::{Store, StoreError, Time};

pub(crate) async fn append(tx: &mut Tx, run: &str, lines: &[LogLine]) -> Result<(), StoreError> {
    let rows = lines
        .iter()
        .map(|line| args![run, line.number, line.at, &line.level, &line.text])
        .collect();
    tx.insert(
        "INSERT INTO run_log (run, number, at, level, words)",
        rows,
        "ON CONFLICT (run, number) DO NOTHING",
    )
    .await
}

/// One line at the end, by refsync itself.
pub(crate) async fn note(
    tx: &mut Tx,
    run: &str,
    level: &str,
    text: &str,
    now: Time,
) -> Result<(), StoreError> {
    tx.exec(
        "INSERT INTO run_log (run, number, at, level, words) \
         SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4 FROM run_log WHERE run = $1",
        args![run, now, level, text],
    )
    .await
    .map(drop)
}

fn line(row: &Row) -> Result<LogLine, StoreError> {
    Ok(LogLine {
        number: row.count("number")?,
        at: row.time("at")?,
        level: row.text("level")?,
        text: row.text("words")?,
    })
}

impl Store {
    /// Adds lines to the log of a run under way. A line whose number is there already is kept as it was.
    pub async fn append_log(&self, run: &str, lines: &[LogLine]) -> Result<(), StoreError> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        append(&mut tx, run, lines).await?;
        tx.commit().await
    }

    /// Its log, from after that line; at most 1,000 lines, all of those with a `limit` of 0.
    pub async fn run_log(&self, id: &str, after: u32, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        let limit = if limit == 0 { 1_000 } else { limit.min(1_000) };
        let rows = self
            .db()
            .rows(
                "SELECT number, at, level, words FROM run_log WHERE run = $1 AND number > $2 ORDER BY number LIMIT $3",
                args![id, after, limit],
            )
            .await?;
        rows.iter().map(line).collect()
    }

    /// The number of the last line of its log; 0 without any. Lines are numbered from 1 without a gap.
    pub async fn run_log_end(&self, id: &str) -> Result<u32, StoreError> {
        let sql = "SELECT coalesce(max(number), 0) AS last FROM run_log WHERE run = $1";
        match self.db().first(sql, args![id]).await? {
            Some(row) => row.count("last"),
            None => Ok(0),
        }
    }
}
