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
        let Some(hosts) = &self.hosts else {
            return Some(Permit::new(()));
        };
        let (hosts, side) = (Arc::clone(hosts), self.side);
        // In a task of its own: who asks ahead may not be looked at again for long, and what the keeper has half done, as in a
        // database, would stand still.
        let asked = tokio::spawn(async move { hosts.spare(side).await });
        asked.await.ok().flatten()
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::future::BoxFuture;

    use super::*;

    /// Does its work in several steps, as one with a database does.
    #[derive(Debug, Default)]
    struct Slow {
        is_done: AtomicBool,
    }

    impl Hosts for Slow {
        fn enter<'a>(&'a self, _: &'a [Side]) -> BoxFuture<'a, Result<Permit, (Side, Fault)>> {
            Box::pin(async { Ok(Permit::new(())) })
        }

        fn spare(&self, _: Side) -> BoxFuture<'_, Option<Permit>> {
            Box::pin(async {
                tokio::task::yield_now().await;
                self.is_done.store(true, Ordering::SeqCst);
                None
            })
        }

        fn answered(&self, _: Side, _: &str, _: &'static str, _: Duration, _: Option<u16>) {}

        fn busy(&self, _: &str, _: Duration) {}
    }

    #[tokio::test]
    async fn what_a_keeper_has_begun_it_ends_though_nobody_waits_for_it_any_more() {
        let slow = Arc::new(Slow::default());
        let hosts = Arc::clone(&slow) as Arc<dyn Hosts>;
        let budget = Budget::new(Side::Source, "a.example".into(), Some(hosts));
        let mut asked = Box::pin(budget.spare());
        tokio::select! {
            biased;
            _ = &mut asked => panic!("it takes several steps"),
            () = std::future::ready(()) => {}
        }
        // As long as it may take, and it is not looked at.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(slow.is_done.load(Ordering::SeqCst));
    }
}
