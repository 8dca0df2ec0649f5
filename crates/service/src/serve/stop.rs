//! Stopping: the first signal takes no new work, the second cuts what is under way.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;

/// SIGTERM and SIGINT, listened to from the moment this is made.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for the first signal and tells everyone; a task waits for the second.
    pub(super) async fn stop(mut self, app: &Arc<App>) {
        let name = tokio::select! {
            name = self.next() => name,
            // A part that everything depends on ended by itself.
            () = app.stopping.cancelled() => "the end of a part",
        };
        tracing::info!(
            grace_s = app.loaded().config.limits.grace.as_secs(),
            "stopping on {name}: no new work is taken; a second signal cuts what is under way"
        );
        app.stopping.cancel();
        let app = Arc::clone(app);
        tokio::spawn(async move {
            let name = self.next().await;
            tracing::warn!("{name} again: cutting what is under way; nothing is lost, it stays due");
            app.cut.cancel();
        });
    }
}
