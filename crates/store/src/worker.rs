//! The processes that share a database.

use std::time::Duration;

use crate::{Store, StoreError, Time};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Host name, process id and a random part.
    pub id: String,
    /// Of its configuration.
    pub fingerprint: String,
    /// When it took that configuration over.
    pub since: Time,
    /// When it was last heard of.
    pub seen: Time,
    /// Its version.
    pub version: String,
}

impl Store {
    /// A process lives.
    pub async fn report_worker(&self, _worker: &Worker) -> Result<(), StoreError> {
        todo!()
    }

    /// A process ended.
    pub async fn retire_worker(&self, _id: &str) -> Result<(), StoreError> {
        todo!()
    }

    /// The processes heard of within that time.
    pub async fn workers(&self, _within: Duration, _now: Time) -> Result<Vec<Worker>, StoreError> {
        todo!()
    }
}
