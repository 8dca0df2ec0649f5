//! Waking workers: inside a process by a channel, between processes by PostgreSQL's LISTEN and NOTIFY.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::db::{Db, Dialect, Tx};
use crate::{Store, StoreError};

/// What processes on one PostgreSQL listen to. A channel belongs to a database, not to the server.
const CHANNEL: &str = "refsync";

/// How long after a lost connection the listener tries again. Workers poll meanwhile.
const AGAIN: Duration = Duration::from_secs(2);

/// Rings for all wakers of this process.
#[derive(Debug)]
pub(crate) struct Bell {
    rings: watch::Sender<u64>,
    listener: Option<JoinHandle<()>>,
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl Bell {
    pub(crate) async fn hang(db: &Db, url: &SecretString) -> Result<Self, StoreError> {
        let rings = watch::Sender::new(0);
        let listener = match db.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => {
                // Listening before the first look, so that nothing told in between is missed.
                let first = listen(url).await.map_err(|error| db.failed(error))?;
                Some(tokio::spawn(relay(first, url.clone(), rings.clone())))
            }
        };
        Ok(Self { rings, listener })
    }

    pub(crate) fn ring(&self) {
        ring(&self.rings);
    }
}

fn ring(rings: &watch::Sender<u64>) {
    rings.send_modify(|count| *count = count.wrapping_add(1));
}

async fn listen(url: &SecretString) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect(url.expose_secret()).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

async fn relay(mut listener: PgListener, url: SecretString, rings: watch::Sender<u64>) {
    loop {
        while let Ok(Some(_)) = listener.try_recv().await {
            ring(&rings);
        }
        listener = loop {
            match listen(&url).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        };
        // What was told while nobody listened.
        ring(&rings);
    }
}

impl Tx {
    /// Tells the other processes once this is committed.
    pub(crate) async fn notify(&mut self) -> Result<(), StoreError> {
        if self.dialect == Dialect::Postgres {
            self.exec("SELECT pg_notify('refsync', '')", vec![]).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Comes back when something may be due, or after `at_most`: polling is the fallback. Register before looking:
    /// `let wake = store.waker(); look(); wake.wait(…)`.
    pub fn waker(&self) -> Waker {
        Waker {
            rings: self.inner.wake.rings.subscribe(),
        }
    }

    /// Commits, and wakes the workers of all processes.
    pub(crate) async fn commit_and_wake(&self, mut tx: Tx) -> Result<(), StoreError> {
        tx.notify().await?;
        tx.commit().await?;
        self.inner.wake.ring();
        Ok(())
    }
}

/// Registered before looking.
#[derive(Debug)]
pub struct Waker {
    rings: watch::Receiver<u64>,
}

impl Waker {
    /// Waits. What rang since the last wait, or since the registration, ends it at once.
    pub async fn wait(&mut self, at_most: Duration) {
        // The sender lives as long as the store: if it is gone, there is nothing to wait for.
        let _ = tokio::time::timeout(at_most, self.rings.changed()).await;
    }
}

#[cfg(test)]
mod tests;
