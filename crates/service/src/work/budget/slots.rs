//! A host's budget across the processes that share a database.

use std::sync::Arc;
use std::time::Duration;

use store::host::Wanted;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::AbortHandle;

use super::Patience;
use crate::app::App;

/// How long to wait before asking for slots again.
const AGAIN: Duration = Duration::from_millis(100);

/// How long slots hold if their process dies.
const LEASE: Duration = Duration::from_secs(60);

/// After so many looks whoever waits insists: nobody else takes a slot of the host before it has its own.
const PATIENT: u32 = 10;

/// Some of a host's slots; given back when they are dropped.
#[derive(Debug)]
pub(super) struct Slots {
    /// `None` once they are given back, or if the database did not answer.
    held: Option<Held>,
    /// Given back after them: the next run of this process would only find them taken.
    permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct Held {
    app: Arc<App>,
    host: String,
    holder: String,
    /// Once they are taken.
    renewal: Option<AbortHandle>,
}

/// Too few of a host's slots are free.
#[derive(Debug)]
pub(super) struct Full;

impl Slots {
    /// Takes as many as are wanted, or none, for who holds this permit. That the database does not answer stops nobody: the budget is a
    /// courtesy.
    pub(super) async fn take(
        app: &Arc<App>,
        host: &str,
        wanted: Wanted,
        permit: OwnedSemaphorePermit,
        patience: Patience,
    ) -> Result<Self, Full> {
        // Of its own, so that it never gives back what another run of this process took since.
        let holder = format!("{}/{}", app.worker, uuid::Uuid::now_v7());
        // Given back from the beginning: a run that is cut while the database answers would leave them taken for the whole lease.
        let mut slots = Self {
            held: Some(Held {
                app: Arc::clone(app),
                host: host.to_owned(),
                holder: holder.clone(),
                renewal: None,
            }),
            permit: Some(permit),
        };
        let mut looks = 0;
        loop {
            let wanted = Wanted {
                insists: looks >= PATIENT,
                ..wanted
            };
            let now = app.store.now();
            let taken = app.store.take_slots(host, wanted, &holder, LEASE, now).await;
            match (taken, patience) {
                (Ok(true), _) => {
                    let renewal = renew(Arc::clone(app), host.to_owned(), holder);
                    if let Some(held) = &mut slots.held {
                        held.renewal = Some(tokio::spawn(renewal).abort_handle());
                    }
                    return Ok(slots);
                }
                (Ok(false), Patience::Waits) => {
                    looks += 1;
                    tokio::time::sleep(AGAIN).await;
                }
                (Ok(false), Patience::TakesWhatIsThere) => {
                    slots.held = None;
                    return Err(Full);
                }
                (Err(error), _) => {
                    tracing::warn!(%error, host, "cannot ask for slots of a host");
                    slots.held = None;
                    return Ok(slots);
                }
            }
        }
    }
}

/// Keeps slots as long as the run takes.
async fn renew(app: Arc<App>, host: String, holder: String) {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        let until = app.store.now() + LEASE;
        if let Err(error) = app.store.renew_slots(&host, &holder, until).await {
            tracing::warn!(%error, host, "cannot keep slots of a host");
        }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        let (permit, Some(held)) = (self.permit.take(), self.held.take()) else {
            return;
        };
        if let Some(renewal) = &held.renewal {
            renewal.abort();
        }
        tokio::spawn(async move {
            let Held {
                app, host, holder, ..
            } = held;
            if let Err(error) = app.store.give_slots(&host, &holder).await {
                tracing::warn!(%error, host, "cannot give slots of a host back");
            }
            drop(permit);
        });
    }
}
