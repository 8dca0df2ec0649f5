//! All rows of all tables, from one database into another of the same version.

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;

use crate::StoreError;
use crate::db::{Dialect, Row, Tx, Value, unreadable};

/// How much is inserted with one statement.
const ROWS: usize = 200;
const BYTES: usize = 4 << 20;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Blob,
}

/// A table's columns.
pub(super) type Columns = Vec<(String, Kind)>;

/// Our tables with their columns.
pub(super) async fn tables(tx: &mut Tx) -> Result<Vec<(String, Columns)>, StoreError> {
    let sql = match tx.dialect {
        Dialect::Sqlite => {
            "SELECT m.name AS owner, c.name AS name, lower(c.type) AS kind FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY m.name, c.cid"
        }
        Dialect::Postgres => {
            "SELECT CAST(c.table_name AS TEXT) AS owner, CAST(c.column_name AS TEXT) AS name, CAST(c.data_type AS TEXT) AS kind \
             FROM information_schema.columns c WHERE c.table_schema = current_schema() ORDER BY c.table_name, c.ordinal_position"
        }
    };
    let mut tables: Vec<(String, Columns)> = Vec::new();
    for row in tx.rows(sql, vec![]).await? {
        let owner = row.text("owner")?;
        let column = (row.text("name")?, kind(&row.text("kind")?)?);
        match tables.last_mut() {
            Some((last, columns)) if *last == owner => columns.push(column),
            _ => tables.push((owner, vec![column])),
        }
    }
    Ok(tables)
}

fn kind(spelled: &str) -> Result<Kind, StoreError> {
    match spelled {
        "bigint" | "integer" => Ok(Kind::Int),
        "text" => Ok(Kind::Text),
        "blob" | "bytea" => Ok(Kind::Blob),
        other => Err(unreadable("a column's type", other)),
    }
}

pub(super) async fn copy(
    from: &mut Tx,
    to: &mut Tx,
    table: &str,
    columns: &Columns,
    after: &str,
) -> Result<(), StoreError> {
    for side in [&mut *from, &mut *to] {
        // A whole table goes through one statement: the limits of other statements are not for it.
        if side.dialect == Dialect::Postgres {
            for limit in ["statement_timeout", "idle_in_transaction_session_timeout"] {
                side.exec(AssertSqlSafe(format!("SET LOCAL {limit} = 0")), vec![])
                    .await?;
            }
        }
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let insert = format!("INSERT INTO {table} ({})", names.join(", "));
    let mut rows = from.stream(format!("SELECT {} FROM {table}", names.join(", ")));
    let mut waiting = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await? {
        let values = values(&row, columns)?;
        bytes += values.iter().map(size).sum::<usize>();
        waiting.push(values);
        if waiting.len() >= ROWS || bytes >= BYTES {
            to.insert(&insert, std::mem::take(&mut waiting), after).await?;
            bytes = 0;
        }
    }
    to.insert(&insert, waiting, after).await
}

fn values(row: &Row, columns: &Columns) -> Result<Vec<Value>, StoreError> {
    columns
        .iter()
        .map(|(name, kind)| match kind {
            Kind::Int => row.maybe_int(name).map(Value::from),
            Kind::Text => row.maybe_text(name).map(Value::from),
            Kind::Blob => row.blob(name).map(Value::from),
        })
        .collect()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Int(_) | Value::NoInt | Value::NoText => 8,
    }
}
