//! The thin layer over sqlx that the rest of this crate speaks: statements with `$1`, values, rows, transactions.
//!
//! SQLite takes one writer at a time, so there is one connection that writes, and others that read while it does. PostgreSQL has
//! one pool for both. No statement knows which of the two it runs on, but for [`Tx::locked`].
//!
//! A host waits for the answer to its delivery, and nobody waits as impatiently for anything else. So all other writers of a SQLite file
//! stand in line for a [`Turn`], and a delivery passes the line: it waits for one transaction, not for those of every run.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyPool, Arguments, AssertSqlSafe, Row as _, SqlSafeStr, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::StoreError;
use crate::failure::failed;
use crate::file::OpenFile;
use crate::server::Server;

/// How long to wait for SQLite's writing connection: in the line for it, and for the connection itself. A transaction takes
/// milliseconds; behind one that never ends, everything else says so instead of waiting for ever.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The pools.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    pub(crate) dialect: Dialect,
    pub(crate) writer: AnyPool,
    pub(crate) reader: AnyPool,
    /// Where writers of a SQLite file stand in line for the one connection that writes.
    line: Arc<Mutex<()>>,
    /// For how long: [`LONGEST_WAIT`].
    patience: Duration,
    /// Where PostgreSQL is.
    server: Option<Arc<Server>>,
    /// The file of SQLite.
    file: Option<Arc<OpenFile>>,
}

/// The right to ask for SQLite's writing connection, until the end of a transaction. PostgreSQL needs none.
type Turn = Option<OwnedMutexGuard<()>>;

/// What is bound to a placeholder. A null has a type, which PostgreSQL insists on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
    NoInt,
    NoText,
}

/// Values for the placeholders of a statement, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use args;

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<crate::Time> for Value {
    fn from(value: crate::Time) -> Self {
        Self::Int(value.0)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::from(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        // PostgreSQL's text holds no NUL.
        Self::Text(if value.contains('\0') {
            value.replace('\0', "\u{fffd}")
        } else {
            value
        })
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::from(value.as_str())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<&gitwire::RefName> for Value {
    fn from(value: &gitwire::RefName) -> Self {
        Self::Blob(value.as_bytes().to_vec())
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::NoInt, Self::Int)
    }
}

impl From<Option<crate::Time>> for Value {
    fn from(value: Option<crate::Time>) -> Self {
        Self::from(value.map(|time| time.0))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::NoText, Self::from)
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::NoText, Self::from)
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::from(value.as_deref())
    }
}

fn bound(values: Vec<Value>) -> Result<AnyArguments, StoreError> {
    let mut arguments = AnyArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Blob(value) => arguments.add(value),
            Value::NoInt => arguments.add(None::<i64>),
            Value::NoText => arguments.add(None::<String>),
        }
        .map_err(|error| StoreError::Database(format!("a value cannot be bound: {error}")))?;
    }
    Ok(arguments)
}

impl Db {
    pub(crate) fn new(dialect: Dialect, writer: AnyPool, reader: AnyPool) -> Self {
        Self {
            dialect,
            writer,
            reader,
            line: Arc::default(),
            patience: LONGEST_WAIT,
            server: None,
            file: None,
        }
    }

    /// In this file.
    pub(crate) fn in_file(self, file: OpenFile) -> Self {
        Self {
            file: Some(Arc::new(file)),
            ..self
        }
    }

    /// The file of SQLite.
    pub(crate) fn file(&self) -> Option<Arc<OpenFile>> {
        self.file.clone()
    }

    /// On this server.
    pub(crate) fn at(self, server: Server) -> Self {
        Self {
            server: Some(Arc::new(server)),
            ..self
        }
    }

    /// Sorts a driver's error.
    pub(crate) fn failed(&self, error: sqlx::Error) -> StoreError {
        sorted(self.server.as_deref(), error)
    }

    /// The outcome of something that waited for a connection of the pool.
    async fn waited<T>(&self, outcome: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        match (outcome, &self.server) {
            (Ok(value), _) => Ok(value),
            (Err(error @ sqlx::Error::PoolTimedOut), Some(server)) => {
                Err(server.too_long(failed(error)).await)
            }
            (Err(error), _) => Err(self.failed(error)),
        }
    }

    /// For those who do not wait for long: PostgreSQL has so long to answer. SQLite says within seconds that it is busy.
    pub(crate) async fn within<T>(
        &self,
        patience: Duration,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let Some(server) = &self.server else {
            return asked.await;
        };
        match tokio::time::timeout(patience, asked).await {
            Ok(answered) => answered,
            Err(_) => {
                let slow = StoreError::Busy(format!("it did not answer within {} s", patience.as_secs()));
                Err(server.too_long(slow).await)
            }
        }
    }

    async fn turn(&self) -> Result<Turn, StoreError> {
        if self.dialect == Dialect::Postgres {
            return Ok(None);
        }
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.line).lock_owned()).await;
        turn.map(Some).map_err(|_| failed(sqlx::Error::PoolTimedOut))
    }

    /// A transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_with(self.turn().await?).await
    }

    /// A transaction that may write, before all that stand in line.
    pub(crate) async fn begin_first(&self) -> Result<Tx, StoreError> {
        self.begin_with(None).await
    }

    /// It begins in a task of its own. sqlx rolls back a transaction that is dropped, but not one whose `BEGIN` nobody waited for: that
    /// connection would go back to the pool with its transaction open, take locks with every statement, and never give them back.
    async fn begin_with(&self, turn: Turn) -> Result<Tx, StoreError> {
        let (writer, dialect, server) = (self.writer.clone(), self.dialect, self.server.clone());
        let begun = tokio::spawn(async move {
            let inner = match dialect {
                // A plain BEGIN would take the write lock at the first write, and fail if somebody wrote in between.
                Dialect::Sqlite => match writer.begin_with("BEGIN IMMEDIATE").await {
                    // SQLite itself rolls a transaction back when the disk is full; sqlx does not learn of it, and would never begin
                    // another on this connection.
                    Err(sqlx::Error::InvalidSavePointStatement) => {
                        writer.acquire().await?.close().await?;
                        writer.begin_with("BEGIN IMMEDIATE").await
                    }
                    begun => begun,
                },
                Dialect::Postgres => writer.begin().await,
            };
            inner.map(|inner| Tx {
                inner,
                dialect,
                server,
                _turn: turn,
            })
        });
        // Only the end of the runtime ends the task before its work is done.
        self.waited(begun.await.unwrap_or(Err(sqlx::Error::PoolClosed)))
            .await
    }

    /// One statement that writes; gives the rows affected.
    pub(crate) async fn exec(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        let _turn = self.turn().await?;
        let query = sqlx::query_with(sql, bound(values)?);
        let done = self.waited(query.execute(&self.writer).await).await?;
        Ok(done.rows_affected())
    }

    /// Reads rows.
    pub(crate) async fn rows(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let query = sqlx::query_with(sql, bound(values)?);
        let rows = self.waited(query.fetch_all(&self.reader).await).await?;
        Ok(rows.into_iter().map(Row).collect())
    }

    /// Reads the first row, if there is one.
    pub(crate) async fn first(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        let query = sqlx::query_with(sql, bound(values)?);
        let row = self.waited(query.fetch_optional(&self.reader).await).await?;
        Ok(row.map(Row))
    }
}

/// A transaction; rolled back unless committed.
#[derive(Debug)]
pub(crate) struct Tx {
    inner: Transaction<'static, Any>,
    pub(crate) dialect: Dialect,
    server: Option<Arc<Server>>,
    /// Given back after the connection: fields are dropped in order.
    _turn: Turn,
}

/// Sorts a driver's error, with the server's address where it is about that.
fn sorted(server: Option<&Server>, error: sqlx::Error) -> StoreError {
    match server {
        Some(server) => server.failed(error),
        None => failed(error),
    }
}

impl Tx {
    pub(crate) async fn exec(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, StoreError> {
        let query = sqlx::query_with(sql, bound(values)?);
        let done = query.execute(&mut *self.inner).await;
        let done = done.map_err(|error| sorted(self.server.as_deref(), error))?;
        Ok(done.rows_affected())
    }

    pub(crate) async fn rows(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let query = sqlx::query_with(sql, bound(values)?);
        let rows = query.fetch_all(&mut *self.inner).await;
        let rows = rows.map_err(|error| sorted(self.server.as_deref(), error))?;
        Ok(rows.into_iter().map(Row).collect())
    }

    pub(crate) async fn first(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        let query = sqlx::query_with(sql, bound(values)?);
        let row = query.fetch_optional(&mut *self.inner).await;
        let row = row.map_err(|error| sorted(self.server.as_deref(), error))?;
        Ok(row.map(Row))
    }

    /// The first row of a `SELECT`, locked until the end of the transaction. On SQLite the transaction holds the only write lock already.
    pub(crate) async fn locked(
        &mut self,
        select: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        match self.dialect {
            Dialect::Sqlite => self.first(select, values).await,
            Dialect::Postgres => {
                self.first(AssertSqlSafe(format!("{select} FOR UPDATE")), values)
                    .await
            }
        }
    }

    /// Inserts rows, several hundred with one statement. `insert` ends before `VALUES`, `after` is what follows the values.
    pub(crate) async fn insert(
        &mut self,
        insert: &str,
        rows: Vec<Vec<Value>>,
        after: &str,
    ) -> Result<(), StoreError> {
        // SQLite takes 32,766 placeholders, PostgreSQL 65,535.
        let dialect = self.dialect;
        for chunk in rows.chunks(500) {
            let mut number = 0;
            let groups: Vec<String> = chunk
                .iter()
                .map(|row| {
                    let places: Vec<String> = row
                        .iter()
                        .map(|_| {
                            number += 1;
                            match dialect {
                                // SQLite keeps a list of names, which it walks for each: thousands of names are slow.
                                Dialect::Sqlite => "?".to_owned(),
                                Dialect::Postgres => format!("${number}"),
                            }
                        })
                        .collect();
                    format!("({})", places.join(","))
                })
                .collect();
            let sql = format!("{insert} VALUES {} {after}", groups.join(","));
            self.exec(AssertSqlSafe(sql), chunk.concat()).await?;
        }
        Ok(())
    }

    /// Reads rows one by one, however many there are.
    pub(crate) fn stream(
        &mut self,
        sql: String,
    ) -> impl futures_util::Stream<Item = Result<Row, StoreError>> + Send + Unpin {
        let server = self.server.clone();
        sqlx::query(AssertSqlSafe(sql))
            .fetch(&mut *self.inner)
            .map_ok(Row)
            .map_err(move |error| sorted(server.as_deref(), error))
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        // The turn goes with the rest of `self`, once it is committed.
        let server = self.server.clone();
        self.inner
            .commit()
            .await
            .map_err(|error| sorted(server.as_deref(), error))
    }
}

/// A row, read by the names of its columns.
pub(crate) struct Row(AnyRow);

impl Row {
    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.0.try_get(column).map_err(failed)
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn maybe_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.0.try_get(column).map_err(failed)
    }

    pub(crate) fn time(&self, column: &str) -> Result<crate::Time, StoreError> {
        Ok(crate::Time(self.int(column)?))
    }

    pub(crate) fn maybe_time(&self, column: &str) -> Result<Option<crate::Time>, StoreError> {
        Ok(self.maybe_int(column)?.map(crate::Time))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.0.try_get(column).map_err(failed)
    }

    pub(crate) fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get(column).map_err(failed)
    }

    pub(crate) fn blob(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.0.try_get(column).map_err(failed)
    }

    /// A count that is not negative and fits.
    pub(crate) fn count<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        let value = self.int(column)?;
        T::try_from(value).map_err(|_| unreadable(column, &value.to_string()))
    }
}

/// A row that holds what this version never writes.
pub(crate) fn unreadable(what: &str, found: &str) -> StoreError {
    StoreError::Database(format!(
        "{what} holds {found:?}, which cannot be read: the database was changed by another program, or is damaged"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_ever_behind_a_transaction_that_never_ends() {
        let fresh = crate::testing::sqlite().await;
        let hanging = fresh.store.begin().await.unwrap();
        let impatient = Db {
            patience: Duration::from_millis(20),
            ..fresh.store.db().clone()
        };
        let bounded = tokio::time::timeout(Duration::from_secs(20), async {
            assert!(matches!(impatient.begin().await, Err(StoreError::Busy(_))));
            let written = impatient.exec("DELETE FROM tokens", vec![]).await;
            assert!(matches!(written, Err(StoreError::Busy(_))));
        });
        bounded.await.expect("a writer waited without a bound");
        drop(hanging);
        fresh.store.begin().await.unwrap();
    }
}
