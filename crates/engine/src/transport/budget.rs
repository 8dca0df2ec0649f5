//! What one side of a run may ask of its host at the same time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use crate::error::Fault;
use crate::keeper::{Hosts, Permit};
use crate::side::Side;

/// A host's budget, if somebody keeps it.
///
/// One request at a time is what the run was let in with. What would be open beside it is open only if the host has room for it at
/// once: so nobody ever waits for room with a request in hand.
#[derive(Debug)]
pub(crate) struct Budget {
    side: Side,
    /// Empty for a path of this machine.
    host: String,
    hosts: Option<Arc<dyn Hosts>>,
    /// The one request at a time that needs no other permit.
    first: Mutex<()>,
}

/// The right to one short request.
#[derive(Debug)]
#[expect(dead_code, reason = "only its end says something")]
pub(crate) enum Turn<'a> {
    /// The one that the run was let in with.
    First(MutexGuard<'a, ()>),
    Spare(Permit),
}

impl Budget {
    pub(crate) fn new(side: Side, host: String, hosts: Option<Arc<dyn Hosts>>) -> Self {
        Self {
            side,
            host,
            hosts,
            first: Mutex::default(),
        }
    }

    /// The right to a short request: the first one, else another if the host has room for it, else the first once it is free.
    pub(super) async fn turn(&self) -> Turn<'_> {
        if let Ok(first) = self.first.try_lock() {
            return Turn::First(first);
        }
        match self.spare().await {
            Some(spare) => Turn::Spare(spare),
            None => Turn::First(self.first.lock().await),
        }
    }

    /// The right to one more request, if the host has room for it.
    pub(super) async fn spare(&self) -> Option<Permit> {
        match &self.hosts {
            Some(hosts) => hosts.spare(self.side).await,
            None => Some(Permit::new(())),
        }
    }

    /// Tells how long a host took to answer.
    pub(super) fn answered(&self, what: &'static str, took: Duration, status: Option<u16>) {
        if let Some(hosts) = &self.hosts {
            hosts.answered(self.side, &self.host, what, took, status);
        }
    }

    /// Whether the host refused the credentials since, as others learned.
    pub(super) fn is_refused(&self) -> bool {
        self.hosts
            .as_ref()
            .is_some_and(|hosts| hosts.is_refused(self.side))
    }

    /// Tells that a host wants to be left alone.
    pub(super) fn heed(&self, fault: &Fault) {
        if let (
            Some(hosts),
            Fault::Busy {
                retry_after: Some(after),
                ..
            },
        ) = (&self.hosts, fault)
        {
            hosts.busy(&self.host, *after);
        }
    }
}
