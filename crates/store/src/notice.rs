//! Causes that people are told of, once each.

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

impl Store {
    /// A cause exists (still) and concerns this mirror.
    pub async fn raise(
        &self,
        _cause: &str,
        _event: &str,
        _text: &str,
        _mirror: &str,
        _now: Time,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// A cause is over for this mirror; over as a whole once it is over for all.
    pub async fn settle_notice(&self, _cause: &str, _mirror: &str, _now: Time) -> Result<(), StoreError> {
        todo!()
    }

    /// Causes whose beginning (older than `before`, so that mirrors gather) or end nobody was told of. They count as told to this caller
    /// alone, for `lease`.
    pub async fn untold(&self, _before: Time, _now: Time) -> Result<Vec<Notice>, StoreError> {
        todo!()
    }

    /// People were told of its beginning, or of its end.
    pub async fn told(&self, _cause: &str, _end: bool, _now: Time) -> Result<(), StoreError> {
        todo!()
    }

    /// Causes that are not over, oldest first: the inbox.
    pub async fn notices(&self) -> Result<Vec<Notice>, StoreError> {
        todo!()
    }
}
