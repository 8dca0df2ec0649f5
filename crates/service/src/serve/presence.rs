//! This process among those that share the database: it says that it lives, and with which configuration.

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;
use store::worker::Worker;

use super::reload::settle;
use crate::app::App;

/// A name that no other process has: host name, process id and a random part.
pub(super) fn name() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let random = uuid::Uuid::now_v7().simple().to_string();
    format!("{host}-{}-{}", std::process::id(), &random[26..])
}

/// Says once that this process lives.
pub(super) async fn report(app: &App) -> Result<(), StoreError> {
    let loaded = app.loaded();
    app.store
        .report_worker(&Worker {
            id: app.worker.clone(),
            fingerprint: loaded.fingerprint.clone(),
            since: loaded.since,
            seen: app.store.now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
        .await
}

/// Says it again and again until the process stops.
pub(super) async fn keep_reporting(app: Arc<App>) {
    let mut changes = app.loaded.subscribe();
    let mut adrift = false;
    loop {
        let every = (app.loaded().config.limits.lease / 3).max(Duration::from_secs(1));
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(every) => {}
            _ = changes.changed() => {}
        }
        adrift = watch_file(&app, adrift).await;
        if let Err(error) = settle(&app).await {
            tracing::warn!(%error, "cannot look which configuration is in force");
        }
        if let Err(error) = report(&app).await {
            tracing::warn!(%error, "cannot tell the other processes that this one lives");
        }
    }
}

/// Logs once that the database's file is not where it was opened, and once that it is there again. Gives whether it is not.
async fn watch_file(app: &App, adrift: bool) -> bool {
    let checked = app.store.check_file().await;
    match &checked {
        Ok(()) if adrift => tracing::info!("the database's file is where it was again"),
        Err(error) if !adrift => tracing::error!("{error}"),
        Ok(()) | Err(_) => {}
    }
    checked.is_err()
}
