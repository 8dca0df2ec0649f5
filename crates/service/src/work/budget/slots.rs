//! A host's budget across the processes that share a database.

use std::sync::Arc;
use std::time::Duration;

use super::Patience;
use crate::app::App;

/// How long to wait before asking for a slot again.
const AGAIN: Duration = Duration::from_millis(100);

/// How long a slot holds if its process dies. A run that takes longer goes on without one: the budget of its own process still
/// counts it.
const LEASE: Duration = Duration::from_secs(60);

/// One of a host's slots; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    app: Arc<App>,
    host: String,
    number: i64,
    holder: String,
}

/// All slots of a host are taken.
#[derive(Debug)]
pub(super) struct Full;

impl Slot {
    /// Takes one; `Ok(None)` if the database does not answer, which stops nobody: the budget is a courtesy.
    pub(super) async fn take(
        app: &Arc<App>,
        host: &str,
        slots: u32,
        patience: Patience,
    ) -> Result<Option<Self>, Full> {
        // Of its own, so that it never gives back what another run of this process took since.
        let holder = format!("{}/{}", app.worker, uuid::Uuid::now_v7());
        loop {
            let taken = app
                .store
                .take_slot(host, slots, &holder, LEASE, app.store.now())
                .await;
            match (taken, patience) {
                (Ok(Some(number)), _) => {
                    return Ok(Some(Self {
                        app: Arc::clone(app),
                        host: host.to_owned(),
                        number,
                        holder,
                    }));
                }
                (Ok(None), Patience::Waits) => tokio::time::sleep(AGAIN).await,
                (Ok(None), Patience::TakesWhatIsThere) => return Err(Full),
                (Err(error), _) => {
                    tracing::warn!(%error, host, "cannot ask for a slot of a host");
                    return Ok(None);
                }
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let (app, number) = (Arc::clone(&self.app), self.number);
        let (host, holder) = (std::mem::take(&mut self.host), std::mem::take(&mut self.holder));
        tokio::spawn(async move {
            if let Err(error) = app.store.give_slot(&host, number, &holder).await {
                tracing::warn!(%error, host, "cannot give a slot of a host back");
            }
        });
    }
}
