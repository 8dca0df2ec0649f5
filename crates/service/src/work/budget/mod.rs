//! What runs share of hosts: how many may ask at a time, who wants to be left alone, which token was refused.
//!
//! The truth is in the database, for all processes; this is what one process knows of it, refreshed every few seconds, so that a run
//! asks no question of the database that has no answer in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::Config;
use store::{Store, StoreError, Time};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

mod denied;
mod gate;
mod passes;
mod seats;
mod slots;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use denied::Denied;
pub(super) use denied::Verdict;
pub(super) use gate::Gate;
pub(super) use seats::{Seat, Seats};
use tokens::Tokens;

/// Requests at a time to a host without a credential.
const UNKNOWN_HOST: u32 = 8;

/// How many requests a host gets at a time.
fn slots(config: &Config, host: &str) -> u32 {
    config.max_concurrent(host).unwrap_or(UNKNOWN_HOST).max(1)
}

/// Whether to wait for what is not to be had at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    Waits,
    TakesWhatIsThere,
}

/// What the runs of a process share of hosts.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    hosts: Mutex<HashMap<String, Host>>,
    tokens: Tokens,
    /// Held by the one run that waits for a host with passes for others in its hands.
    insisting: tokio::sync::Mutex<()>,
    /// How many processes share the database.
    processes: std::sync::atomic::AtomicUsize,
}

#[derive(Debug)]
struct Host {
    permits: Arc<Semaphore>,
    slots: u32,
    /// The most requests that one run made at a time: two, where both its sides are on this host. It has no fewer slots, else that run
    /// would wait for ever.
    widest: u32,
    hushed: Option<Time>,
}

impl Budget {
    /// Learns what other processes wrote down.
    pub(super) async fn refresh(&self, store: &Store, alive: Duration, now: Time) -> Result<(), StoreError> {
        for (host, until) in store.hushed(now).await? {
            self.hush(&host, until);
        }
        self.tokens.learn(store.refused_secrets().await?);
        let processes = store.workers(alive, now).await?.len();
        self.processes
            .store(processes, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    /// The host wants to be left alone until then.
    fn hush(&self, host: &str, until: Time) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts
            .entry(host.to_owned())
            .or_insert_with(|| Host::new(UNKNOWN_HOST));
        host.hushed = host.hushed.max(Some(until));
    }

    /// Until when the host wants to be left alone, if it does.
    fn hushed(&self, host: &str, now: Time) -> Option<Time> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(host)?.hushed.filter(|until| *until > now)
    }

    /// Permits of this process for so many requests; `None` if there are too few and nobody waits.
    async fn permit(
        &self,
        host: &str,
        slots: u32,
        requests: u32,
        patience: Patience,
    ) -> Option<OwnedSemaphorePermit> {
        let permits = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = hosts.entry(host.to_owned()).or_insert_with(|| Host::new(slots));
            entry.widest = entry.widest.max(requests);
            entry.resize(slots.max(entry.widest));
            Arc::clone(&entry.permits)
        };
        match patience {
            Patience::TakesWhatIsThere => permits.try_acquire_many_owned(requests).ok(),
            Patience::Waits => permits.acquire_many_owned(requests).await.ok(),
        }
    }

    /// Whether other processes share the database.
    pub(super) fn is_shared(&self) -> bool {
        self.processes.load(std::sync::atomic::Ordering::Relaxed) > 1
    }
}

impl Host {
    fn new(slots: u32) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(slots as usize)),
            slots,
            widest: 1,
            hushed: None,
        }
    }

    /// Another number in the configuration: runs under way keep the permits they have, and where it is lower, those that come back
    /// first are taken out.
    fn resize(&mut self, slots: u32) {
        if slots > self.slots {
            self.permits.add_permits((slots - self.slots) as usize);
        } else if slots < self.slots {
            let (permits, fewer) = (Arc::clone(&self.permits), self.slots - slots);
            tokio::spawn(async move {
                if let Ok(taken) = permits.acquire_many_owned(fewer).await {
                    taken.forget();
                }
            });
        }
        self.slots = slots;
    }
}
