//! Everything that lasts, in SQLite or PostgreSQL. All the SQL of refsync is in this crate, behind values of the domain.
//!
//! Rows become values only through checks; a row that cannot be read is an error that names the column. Times are milliseconds
//! since 1970 (UTC), [`time::Time`]. No transaction is held open while anything but the database is waited for.

pub mod audit;
pub mod backup;
pub mod base;
mod clock;
mod codec;
pub mod conflict;
mod db;
pub mod delivery;
pub mod error;
mod failure;
mod file;
pub mod health;
pub mod host;
pub mod migrate;
pub mod mirror;
pub mod notice;
mod open;
pub mod page;
pub mod queue;
pub mod run;
mod server;
pub mod session;
#[cfg(test)]
mod testing;
pub mod time;
pub mod token;
pub mod wake;
pub mod worker;

use std::sync::Arc;

pub use error::StoreError;
pub use time::Time;

/// A database, open and migrated. Clones share one pool.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: db::Db,
    wake: wake::Bell,
    clock: clock::Clock,
}

impl Store {
    /// Opens `sqlite:PATH`, `sqlite::memory:` or `postgres://…`, makes what is not there, and migrates it to this version. A newer
    /// database, a read-only or locked file and a full disk are errors that say so.
    pub async fn open(url: &secrecy::SecretString) -> Result<Self, StoreError> {
        let db = open::open(url).await?;
        migrate::migrate(&db).await?;
        let wake = wake::Bell::hang(&db, url).await?;
        let clock = clock::Clock::read(&db).await?;
        Ok(Self {
            inner: Arc::new(Inner { db, wake, clock }),
        })
    }

    fn db(&self) -> &db::Db {
        &self.inner.db
    }

    /// A transaction that may write. Never wait for anything else while it is open.
    async fn begin(&self) -> Result<db::Tx, StoreError> {
        self.inner.db.begin().await
    }
}
