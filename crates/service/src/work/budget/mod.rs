//! What runs share of hosts: how many may ask at a time, who wants to be left alone, which token was refused.
//!
//! The truth is in the database, for all processes; this is what one process knows of it, refreshed every few seconds, so that a run
//! asks no question of the database that has no answer in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::Config;
use store::{Store, StoreError, Time};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

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
    /// Told when there are more or fewer.
    resized: Arc<Notify>,
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

    /// Permits of this process for so many requests; `None` if there are too few and nobody waits. Where the host has fewer in all, those
    /// are enough: a mirror within a host makes two requests at a time, and no fewer.
    async fn permit(
        &self,
        host: &str,
        slots: u32,
        requests: u32,
        patience: Patience,
    ) -> Option<OwnedSemaphorePermit> {
        let mut slots = Some(slots);
        loop {
            let (permits, wanted, resized) = {
                let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
                let new = || Host::new(slots.unwrap_or(UNKNOWN_HOST));
                let entry = hosts.entry(host.to_owned()).or_insert_with(new);
                if let Some(slots) = slots.take() {
                    entry.resize(slots);
                }
                let resized = Arc::clone(&entry.resized).notified_owned();
                (Arc::clone(&entry.permits), requests.min(entry.slots), resized)
            };
            if patience == Patience::TakesWhatIsThere {
                return permits.try_acquire_many_owned(wanted).ok();
            }
            tokio::select! {
                permit = permits.acquire_many_owned(wanted) => return permit.ok(),
                // It may wait for more than there are now.
                () = resized => {}
            }
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
            resized: Arc::default(),
            hushed: None,
        }
    }

    /// Another number in the configuration: runs under way keep the permits they have, and where it is lower, those that come back
    /// first are taken out.
    fn resize(&mut self, slots: u32) {
        if slots == self.slots {
            return;
        }
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
        self.resized.notify_waiters();
    }
}
