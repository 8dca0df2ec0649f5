//! Copies of the database, made while it is in use, and put back.

use std::path::{Path, PathBuf};

use crate::codec::json;
use crate::db::{Db, Dialect, Tx, args};
use crate::queue::first_sweep;
use crate::run::Fault;
use crate::{Store, StoreError, Time, open};

mod copy;

/// What is of the moment, and would be wrong at any other: who signed out must not be signed in again.
const NOT_COPIED: [&str; 5] = ["refsync_schema", "host_slots", "workers", "restores", "sessions"];

impl Store {
    /// Writes a whole copy to a file that must not exist: SQLite by `VACUUM INTO`, PostgreSQL as a SQLite file with the same rows.
    /// The file has mode 0600: it holds what webhooks sent, and hashes of tokens.
    pub async fn backup(&self, file: &Path) -> Result<(), StoreError> {
        make_new(file)?;
        let written = match self.db().dialect {
            Dialect::Sqlite => vacuum_into(self.db(), file).await,
            Dialect::Postgres => write_out(self.db(), file).await,
        };
        if written.is_err() {
            // Half a copy must not be taken for one.
            remove(file);
        }
        written
    }

    /// Puts a copy back into this database, whatever was in it. Every base is void from then on: no deletion or rewrite of a reference
    /// rests on one until both sides were seen equal there.
    ///
    /// What was under way or due when the copy was made is not taken up again: old events say nothing of today. Every mirror is due as
    /// a whole instead, but for those that run by hand alone. Tokens are never brought back to life: one that this database knows stays as it is.
    pub async fn restore(&self, file: &Path) -> Result<(), StoreError> {
        let copy = Scratch::of(file)?;
        // Opened as any other database: it is brought to this version, or refused.
        let from = open::open(&format!("sqlite:{}", copy.0.display()).into())
            .await
            .map_err(|error| no_backup(file, error))?;
        crate::migrate::check_ours(&from, file).await?;
        crate::migrate::migrate(&from).await?;
        let restored = self.take_in(&from).await;
        from.reader.close().await;
        from.writer.close().await;
        restored
    }

    async fn take_in(&self, from: &Db) -> Result<(), StoreError> {
        let now = self.now();
        let mut source = from.begin().await?;
        let mut tx = self.begin().await?;
        let fences = tx
            .first("SELECT coalesce(max(fence), 0) AS highest FROM mirrors", vec![])
            .await?;
        let highest = fences.map_or(Ok(0), |row| row.int("highest"))?;
        for (table, columns) in copy::tables(&mut tx).await? {
            if NOT_COPIED.contains(&table.as_str()) {
                continue;
            }
            let after = if table == "tokens" {
                "ON CONFLICT DO NOTHING"
            } else {
                tx.exec(sqlx::AssertSqlSafe(format!("DELETE FROM {table}")), vec![])
                    .await?;
                ""
            };
            copy::copy(&mut source, &mut tx, &table, &columns, after).await?;
        }
        begin_anew(&mut tx, highest, now).await?;
        // A process that goes on takes its configuration over once more: the mirrors are those of the copy now.
        tx.exec(
            "INSERT INTO restores (at) VALUES ($1) ON CONFLICT DO NOTHING",
            args![now],
        )
        .await?;
        self.commit_and_wake(tx).await
    }
}

/// The scratch copy could not be opened: told by the path that people know, and not as if the configuration's database were meant.
fn no_backup(file: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Unusable(text) if text.contains(crate::failure::NO_DATABASE) => {
            StoreError::Unusable(format!(
                "{} is no backup of refsync: name a file that `refsync db backup` wrote",
                file.display()
            ))
        }
        other => other,
    }
}

/// Rows of yesterday as they may be today.
async fn begin_anew(tx: &mut Tx, highest_fence: i64, now: Time) -> Result<(), StoreError> {
    // A worker that still runs under a claim of before must not be taken for its owner.
    tx.exec(
        "UPDATE mirrors SET claim_by = NULL, claim_until = NULL, claim_run = NULL, claim_epoch = NULL, \
           fence = fence + $1 + 1, epoch = epoch + 1, failures = 0, error = NULL, sequence = sequence + 1, \
           due_at = CASE WHEN by_hand = 1 THEN NULL ELSE CAST($2 AS BIGINT) END",
        args![highest_fence, now],
    )
    .await?;
    // The repositories went on, and nobody knows any more what became of writes that were begun.
    tx.exec("UPDATE bases SET kind = 'void', value = NULL", vec![])
        .await?;
    tx.exec("DELETE FROM intents", vec![]).await?;
    tx.exec("DELETE FROM due", vec![]).await?;
    tx.exec(
        "INSERT INTO due (mirror, name, number, since, told) SELECT name, $1, sequence, $2, $3 FROM mirrors WHERE by_hand = 0",
        args![&b""[..], now, first_sweep(now)],
    )
    .await?;
    let fault = Fault {
        side: None,
        stage: None,
        kind: "restored".to_owned(),
        message: "the database was restored from a copy made before this run ended".to_owned(),
        advice: Some("run it again if it is still wanted".to_owned()),
        retry: false,
    };
    tx.exec(
        "UPDATE runs SET state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE 'failed' END, ended = $1, fault = $2, \
           claim_by = NULL, claim_until = NULL, fence = fence + 1 WHERE state IN ('queued', 'running')",
        args![now, json(&fault)],
    )
    .await?;
    // What people were or were not told of yesterday is not told today.
    tx.exec(
        "UPDATE notices SET told = coalesce(told, $1), over_told = CASE WHEN over IS NULL THEN NULL ELSE coalesce(over_told, $1) END",
        args![now],
    )
    .await?;
    if tx.dialect == Dialect::Postgres {
        tx.rows(
            "SELECT setval(pg_get_serial_sequence('audit', 'number'), (SELECT coalesce(max(number), 1) FROM audit)) AS number",
            vec![],
        )
        .await?;
    }
    for row in tx.rows("SELECT name FROM mirrors ORDER BY name", vec![]).await? {
        let name = row.text("name")?;
        crate::mirror::count_standing(tx, &name).await?;
        crate::mirror::set_health(tx, &name).await?;
    }
    Ok(())
}

async fn vacuum_into(db: &Db, file: &Path) -> Result<(), StoreError> {
    let file = file
        .to_str()
        .ok_or_else(|| unwritable(file, "its path is no UTF-8"))?;
    db.rows("VACUUM INTO $1", args![file]).await.map(drop)
}

async fn write_out(db: &Db, file: &Path) -> Result<(), StoreError> {
    let to = open::open(&format!("sqlite:{}", file.display()).into()).await?;
    crate::migrate::migrate(&to).await?;
    let mut source = db.begin().await?;
    // One moment for all tables.
    source
        .exec(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            vec![],
        )
        .await?;
    let mut tx = to.begin().await?;
    for (table, columns) in copy::tables(&mut source).await? {
        if !NOT_COPIED.contains(&table.as_str()) {
            copy::copy(&mut source, &mut tx, &table, &columns, "").await?;
        }
    }
    tx.commit().await?;
    // One file, without a log beside it.
    to.reader.close().await;
    to.exec("PRAGMA wal_checkpoint(TRUNCATE)", vec![]).await?;
    to.exec("PRAGMA journal_mode = DELETE", vec![]).await?;
    to.writer.close().await;
    Ok(())
}

fn unwritable(file: &Path, why: &str) -> StoreError {
    StoreError::Unusable(format!("the copy {} cannot be written: {why}", file.display()))
}

fn make_new(file: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(file);
    made.map(drop).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "it exists already; choose another name".to_owned(),
            _ => error.to_string(),
        };
        unwritable(file, &why)
    })
}

fn remove(file: &Path) {
    if let Err(error) = std::fs::remove_file(file) {
        tracing::warn!(file = %file.display(), %error, "a file cannot be removed");
    }
}

/// A copy of a backup that may be changed, removed when dropped: migrating it must not change the backup itself.
struct Scratch(PathBuf);

impl Scratch {
    fn of(file: &Path) -> Result<Self, StoreError> {
        let unreadable = |error: std::io::Error| {
            StoreError::Unusable(format!("the copy {} cannot be read: {error}", file.display()))
        };
        let mut from = std::fs::File::open(file).map_err(unreadable)?;
        let path = std::env::temp_dir().join(format!("refsync-restore-{}.db", uuid::Uuid::now_v7()));
        make_new(&path)?;
        let scratch = Self(path);
        let to = std::fs::OpenOptions::new().write(true).open(&scratch.0);
        to.and_then(|mut to| std::io::copy(&mut from, &mut to))
            .map_err(unreadable)?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0);
        for suffix in ["-wal", "-shm"] {
            let mut companion = self.0.clone().into_os_string();
            companion.push(suffix);
            // There when a connection was cut rather than closed.
            let _ = std::fs::remove_file(companion);
        }
    }
}

#[cfg(test)]
mod tests;
