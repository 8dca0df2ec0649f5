//! Pages of lists.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// Which part of a list.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Where the page before ended; opaque.
    pub after: Option<String>,
    /// At most so many, at most 500; 0 for 50.
    pub limit: u32,
}

/// A part of a list, newest first unless said otherwise.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// What to give as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}

impl Ask {
    pub(crate) fn size(&self) -> usize {
        match self.limit {
            0 => 50,
            limit => limit.min(500) as usize,
        }
    }

    /// One more than the page holds: whether there is a next one.
    pub(crate) fn fetch(&self) -> i64 {
        self.size() as i64 + 1
    }

    /// The key of the last entry of the page before.
    pub(crate) fn key<K: DeserializeOwned>(&self) -> Result<Option<K>, StoreError> {
        let Some(after) = &self.after else {
            return Ok(None);
        };
        let key = hex::decode(after)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok());
        key.map(Some).ok_or_else(|| StoreError::NotFound {
            what: "the page after this cursor".to_owned(),
        })
    }
}

impl<T> Page<T> {
    /// From what was fetched by [`Ask::fetch`], with the key of an entry.
    pub(crate) fn cut<K: Serialize>(mut items: Vec<T>, ask: &Ask, key: impl Fn(&T) -> K) -> Self {
        let more = items.len() > ask.size();
        items.truncate(ask.size());
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| hex::encode(crate::codec::json(&key(last))));
        Self { items, next }
    }
}
