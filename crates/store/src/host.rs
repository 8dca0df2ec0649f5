//! What all processes must know of a host: how many may ask at a time, when it wants to be left alone, which secret it refused.

use std::time::Duration;

use crate::{Store, StoreError, Time};

impl Store {
    /// Takes one of a host's `slots`, for at most `lease`; `None` if all are taken.
    pub async fn take_slot(
        &self,
        _host: &str,
        _slots: u32,
        _holder: &str,
        _lease: Duration,
        _now: Time,
    ) -> Result<Option<i64>, StoreError> {
        todo!()
    }

    /// Gives a slot back.
    pub async fn give_slot(&self, _host: &str, _slot: i64, _holder: &str) -> Result<(), StoreError> {
        todo!()
    }

    /// The host wants to be left alone until then.
    pub async fn hush(&self, _host: &str, _until: Time) -> Result<(), StoreError> {
        todo!()
    }

    /// Until when hosts want to be left alone.
    pub async fn hushed(&self, _now: Time) -> Result<Vec<(String, Time)>, StoreError> {
        todo!()
    }

    /// The host refused a credential's secret, of which this is the salted hash.
    pub async fn refuse_secret(
        &self,
        _credential: &str,
        _hash: &str,
        _status: u16,
        _now: Time,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// The refused secrets: credential, hash, status, since when, last tried.
    pub async fn refused_secrets(&self) -> Result<Vec<RefusedSecret>, StoreError> {
        todo!()
    }

    /// It works again.
    pub async fn accept_secret(&self, _credential: &str) -> Result<(), StoreError> {
        todo!()
    }

    /// Takes the right to try a refused secret once more, at most every `every`; true if it was given.
    pub async fn may_probe(
        &self,
        _credential: &str,
        _every: Duration,
        _now: Time,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// What sweeps found that no webhook told, by credential, since then.
    pub async fn found_by_sweeps(&self, _since: Time) -> Result<Vec<(String, u64)>, StoreError> {
        todo!()
    }
}

/// A secret that a host refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSecret {
    /// The credential's name.
    pub credential: String,
    /// The salted hash of the value.
    pub hash: String,
    /// 401 or 403.
    pub status: u16,
    /// Since when.
    pub since: Time,
}
