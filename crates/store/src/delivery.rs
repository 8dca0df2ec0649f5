//! Deliveries of webhooks, as they came.

use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Ours, a UUID of version 7.
    pub id: String,
    /// The mirror of the endpoint; `None` for a host's.
    pub mirror: Option<String>,
    /// `source` or `target`; `None` for a host's.
    pub side: Option<String>,
    /// The credential of a host's endpoint.
    pub credential: Option<String>,
    /// The provider's word.
    pub provider: String,
    /// The host's own id.
    pub host_id: Option<String>,
    /// The event's name.
    pub event: Option<String>,
    /// When it came.
    pub at: Time,
    /// From where.
    pub from: String,
    /// Headers that may be kept, as JSON.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
    /// The status it was answered with.
    pub status: u16,
    /// What became of each reference, as JSON (the API's answer).
    pub disposition: String,
    /// The delivery that this one repeats: known by the host's id, or redelivered by a person.
    pub repeats: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this mirror's endpoints, or with one of its references in them.
    pub mirror: Option<String>,
    /// Of this credential's endpoint.
    pub credential: Option<String>,
}

impl Store {
    /// Keeps a delivery together with what it makes due, in one transaction: written down before it is answered.
    /// Gives what became of each due thing, in order, and the delivery that this one repeats.
    pub async fn deliver(
        &self,
        _delivery: &Delivery,
        _due: &[(String, crate::queue::Due)],
    ) -> Result<(Vec<crate::queue::Marked>, Option<String>), StoreError> {
        todo!()
    }

    /// Sets what is shown as its disposition.
    pub async fn set_disposition(
        &self,
        _id: &str,
        _status: u16,
        _disposition: &str,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// One delivery, with its body.
    pub async fn delivery(&self, _id: &str) -> Result<Delivery, StoreError> {
        todo!()
    }

    /// Deliveries, newest first, without bodies.
    pub async fn deliveries(&self, _filter: &Filter, _ask: &Ask) -> Result<Page<Delivery>, StoreError> {
        todo!()
    }
}
