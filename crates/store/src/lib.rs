//! Everything that lasts, in SQLite or PostgreSQL. All the SQL of refsync is in this crate, behind values of the domain.
//!
//! Rows become values only through checks; a row that cannot be read is an error that names table and key. Times are milliseconds
//! since 1970 (UTC), [`time::Time`]. No transaction is held open while anything but the database is waited for.

pub mod audit;
pub mod backup;
pub mod base;
pub mod conflict;
pub mod delivery;
pub mod error;
pub mod health;
pub mod host;
pub mod migrate;
pub mod mirror;
pub mod notice;
pub mod page;
pub mod queue;
pub mod run;
pub mod time;
pub mod token;
pub mod wake;
pub mod worker;

pub use error::StoreError;
pub use time::Time;

/// A database, open and migrated. Clones share one pool.
#[derive(Debug, Clone)]
pub struct Store {}

impl Store {
    /// Opens `sqlite:PATH`, `sqlite::memory:` or `postgres://…`, makes what is not there, and migrates it to this version. A newer
    /// database, a read-only or locked file and a full disk are errors that say so.
    pub async fn open(_url: &secrecy::SecretString) -> Result<Self, StoreError> {
        todo!()
    }
}
