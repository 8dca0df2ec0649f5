//! A host's budget across the processes that share a database.

use std::sync::Arc;
use std::time::Duration;

use store::host::Wanted;
use tokio::task::AbortHandle;

use super::Patience;
use crate::app::App;

/// How long to wait before asking for slots again.
const AGAIN: Duration = Duration::from_millis(100);

/// How long slots hold if their process dies.
const LEASE: Duration = Duration::from_secs(60);

/// Some of a host's slots; given back when they are dropped.
#[derive(Debug)]
pub(super) struct Slots {
    app: Arc<App>,
    host: String,
    holder: String,
    renewal: AbortHandle,
}

/// Too few of a host's slots are free.
#[derive(Debug)]
pub(super) struct Full;

impl Slots {
    /// Takes as many as are wanted, or none; `Ok(None)` if the database does not answer, which stops nobody: the budget is a courtesy.
    pub(super) async fn take(
        app: &Arc<App>,
        host: &str,
        wanted: Wanted,
        patience: Patience,
    ) -> Result<Option<Self>, Full> {
        // Of its own, so that it never gives back what another run of this process took since.
        let holder = format!("{}/{}", app.worker, uuid::Uuid::now_v7());
        loop {
            let now = app.store.now();
            let taken = app.store.take_slots(host, wanted, &holder, LEASE, now).await;
            match (taken, patience) {
                (Ok(true), _) => {
                    let renewal = renew(Arc::clone(app), host.to_owned(), holder.clone());
                    return Ok(Some(Self {
                        app: Arc::clone(app),
                        host: host.to_owned(),
                        holder,
                        renewal: tokio::spawn(renewal).abort_handle(),
                    }));
                }
                (Ok(false), Patience::Waits) => tokio::time::sleep(AGAIN).await,
                (Ok(false), Patience::TakesWhatIsThere) => return Err(Full),
                (Err(error), _) => {
                    tracing::warn!(%error, host, "cannot ask for slots of a host");
                    return Ok(None);
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
        self.renewal.abort();
        let app = Arc::clone(&self.app);
        let (host, holder) = (std::mem::take(&mut self.host), std::mem::take(&mut self.holder));
        tokio::spawn(async move {
            if let Err(error) = app.store.give_slots(&host, &holder).await {
                tracing::warn!(%error, host, "cannot give slots of a host back");
            }
        });
    }
}
