//! The database's version: what each added, for both dialects.
//!
//! All steps run in one transaction under a lock, so that several processes may start at once and a step that fails leaves the
//! database as it was. A database that a newer refsync made is refused: rows that this version does not understand would be lost.

use std::path::Path;

use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;

use crate::db::{Db, Dialect, Tx, args};
use crate::{StoreError, Time};

/// A step, and what it is known by.
#[derive(Debug, Clone, Copy)]
struct Step {
    number: i64,
    sql: &'static str,
}

/// Every version so far, in order. A step that was released is never changed: its checksum is in people's databases.
const STEPS: &[Step] = &[
    Step {
        number: 1,
        sql: include_str!("../migrations/0001.sql"),
    },
    Step {
        number: 2,
        sql: include_str!("../migrations/0002.sql"),
    },
    Step {
        number: 3,
        sql: include_str!("../migrations/0003.sql"),
    },
    Step {
        number: 4,
        sql: include_str!("../migrations/0004.sql"),
    },
    Step {
        number: 5,
        sql: include_str!("../migrations/0005.sql"),
    },
    Step {
        number: 6,
        sql: include_str!("../migrations/0006.sql"),
    },
    Step {
        number: 7,
        sql: include_str!("../migrations/0007.sql"),
    },
    Step {
        number: 8,
        sql: include_str!("../migrations/0008.sql"),
    },
    Step {
        number: 9,
        sql: include_str!("../migrations/0009.sql"),
    },
];

/// Any number will do, as long as no other program on the same database takes it for its own.
const POSTGRES_LOCK: &str = "SELECT 1 AS one FROM (SELECT pg_advisory_xact_lock(7305809245021)) AS taken";

/// Brings the database to this version.
pub(crate) async fn migrate(db: &Db) -> Result<(), StoreError> {
    migrate_to(db, STEPS).await
}

async fn migrate_to(db: &Db, steps: &[Step]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    if tx.dialect == Dialect::Postgres {
        tx.rows(POSTGRES_LOCK, vec![]).await?;
    } else {
        refuse_foreign(&mut tx).await?;
    }
    tx.exec(
        "CREATE TABLE IF NOT EXISTS refsync_schema (number BIGINT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, at BIGINT NOT NULL)",
        vec![],
    )
    .await?;
    let done = applied(&mut tx, steps).await?;
    for step in steps.iter().filter(|step| step.number > done) {
        for statement in statements(step.sql, tx.dialect) {
            tx.exec(AssertSqlSafe(statement), vec![]).await?;
        }
        tx.exec(
            "INSERT INTO refsync_schema (number, checksum, at) VALUES ($1, $2, $3)",
            args![step.number, checksum(step.sql), Time::now()],
        )
        .await?;
        tracing::info!(version = step.number, "the database was brought to a new version");
    }
    tx.commit().await
}

/// The highest step that was applied, after a check that all of them are ours.
async fn applied(tx: &mut Tx, steps: &[Step]) -> Result<i64, StoreError> {
    let rows = tx
        .rows(
            "SELECT number, checksum FROM refsync_schema ORDER BY number",
            vec![],
        )
        .await?;
    let mut highest = 0;
    for row in rows {
        highest = row.int("number")?;
        let Some(step) = steps.iter().find(|step| step.number == highest) else {
            let known = steps.last().map_or(0, |step| step.number);
            return Err(StoreError::Unusable(format!(
                "the database is of version {highest}, made by a newer refsync; this one knows {known}: run the newer refsync, or restore a backup from before"
            )));
        };
        if row.text("checksum")? != checksum(step.sql) {
            return Err(StoreError::Unusable(format!(
                "version {highest} of the database was made by another build of refsync: run that build, or restore a backup"
            )));
        }
    }
    Ok(highest)
}

/// A file of another program is not filled with our tables.
async fn refuse_foreign(tx: &mut Tx) -> Result<(), StoreError> {
    let row = tx
        .first(
            "SELECT count(*) AS tables, coalesce(sum(name = 'refsync_schema'), 0) AS ours FROM sqlite_master WHERE type = 'table'",
            vec![],
        )
        .await?;
    match row {
        Some(row) if row.int("tables")? > 0 && row.int("ours")? == 0 => Err(StoreError::Unusable(
            "the file is a database of another program: correct `database` in the configuration".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Refuses a file that never was a database of refsync: to open is to make, but what is restored must be there.
pub(crate) async fn check_ours(db: &Db, file: &Path) -> Result<(), StoreError> {
    let sql = "SELECT 1 AS ours FROM sqlite_master WHERE type = 'table' AND name = 'refsync_schema'";
    match db.first(sql, vec![]).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::Unusable(format!(
            "{} is no backup of refsync: it has none of its tables",
            file.display()
        ))),
    }
}

fn checksum(sql: &str) -> String {
    hex::encode(Sha256::digest(sql.as_bytes()))
}

/// The statements of a step in a dialect. Steps hold no semicolon but between statements.
fn statements(sql: &str, dialect: Dialect) -> Vec<String> {
    let lines: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).collect();
    let sql = lines.join("\n");
    let spelled = match dialect {
        Dialect::Sqlite => sql
            .replace(" KEYED", " WITHOUT ROWID")
            .replace("SERIAL_KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        Dialect::Postgres => sql
            .replace(" KEYED", "")
            .replace(
                "SERIAL_KEY",
                "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            )
            // Compared by bytes, as SQLite does: pages and prefixes must not depend on the machine's locale.
            .replace(" TEXT", " TEXT COLLATE \"C\"")
            .replace(" BLOB", " BYTEA"),
    };
    spelled
        .split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
