//! Who changed what.

use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub number: i64,
    /// When.
    pub at: Time,
    /// The token's name, or `refsync`.
    pub actor: String,
    /// The address it came from.
    pub from: String,
    /// `mirror.pause`.
    pub action: String,
    /// `mirror app`.
    pub subject: String,
    /// Before, as JSON.
    pub before: Option<String>,
    /// After, as JSON.
    pub after: Option<String>,
}

impl Store {
    /// Writes down a change; its number is ignored.
    pub async fn audit(&self, _entry: &Entry) -> Result<(), StoreError> {
        todo!()
    }

    /// Changes, newest first, of one subject or all.
    pub async fn audits(&self, _subject: Option<&str>, _ask: &Ask) -> Result<Page<Entry>, StoreError> {
        todo!()
    }
}
