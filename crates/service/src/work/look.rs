//! A look at both sides of a mirror, for a person who waits: nothing is written, nothing remembered.

use std::time::Duration;

use config::Mirror;
use engine::event::Listener;
use engine::report::Report;
use engine::request::Request;
use engine::side::Both;
use store::StoreError;
use store::queue::Memory;
use store::run::Inputs;

use super::ends;
use super::request::{self, Unfit};
use crate::app::App;

/// How long a side may be silent. A person waits.
const SILENCE: Duration = Duration::from_secs(20);

/// How long it may take in all.
const IN_ALL: Duration = Duration::from_secs(90);

/// Why nobody could look.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    /// A secret cannot be read, or the mirror makes no request. Says why, without its value.
    #[error("{0}")]
    Setup(String),
    /// It took too long.
    #[error("the two sides did not answer within {} s", IN_ALL.as_secs())]
    TimedOut,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at all references in scope, and decides what a run would do.
pub(crate) async fn look(app: &App, mirror: &Mirror) -> Result<Report, LookError> {
    let request = request(app, mirror).await?;
    tokio::time::timeout(IN_ALL, engine::run(&request, &Listener::none()))
        .await
        .map_err(|_| LookError::TimedOut)
}

/// A dry run of all references in scope, for somebody who waits.
pub(crate) async fn request(app: &App, mirror: &Mirror) -> Result<Request, LookError> {
    let loaded = app.loaded();
    let memory = match app.store.memory(&mirror.name, None).await {
        // One that is only planned has nothing to remember.
        Err(StoreError::NotFound { .. }) => Memory::default(),
        remembered => remembered?,
    };
    let ends = ends::of_mirror(&loaded.config, mirror, &app.secrets)
        .await
        .map_err(setup)?;
    let endpoints = Both::from_fn(|side| ends.of(side).endpoint.clone());
    let inputs = Inputs {
        dry_run: true,
        ..Inputs::default()
    };
    let mut request = request::of_asked(mirror, endpoints, &inputs, &memory).map_err(setup)?;
    request.keep_bases = false;
    request.timeouts.idle = request.timeouts.idle.min(SILENCE);
    Ok(request)
}

fn setup(unfit: Unfit) -> LookError {
    LookError::Setup(match unfit {
        Unfit::Inputs(text) => text,
        Unfit::Secret { credential, reason } => {
            format!("the secret of the credential `{credential}` cannot be read: {reason}")
        }
    })
}
