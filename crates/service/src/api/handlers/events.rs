//! `GET /api/v1/events`: what happens, for an overview that stays up to date.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aide::transform::TransformOperation;
use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::Interval;

use crate::api::model::event::{DeliveryCame, MirrorChanged, RunChanged};
use crate::api::refusal::Refusal;
use crate::api::stream::{Streams, event, open};
use crate::app::{App, Loaded};
use crate::live::Happened;
use crate::ops::{Caller, OpError, deliveries};

/// How often watchers are told to look anew while other processes share the database, whose doings this one does not hear of.
const OTHERS: Duration = Duration::from_secs(2);

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("events").tag("service").summary("Watch what happens").description(
        "Server-sent events: `mirror` (its row changed: read it anew), `run` (asked for, began, ended), `delivery`, and `resync`: events were missed, \
         the configuration is another, or other processes share the database, so read everything anew. The stream ends after a while: connect again.",
    )
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    State(streams): State<Streams>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let watch = Watch {
        happened: app.live.watch(),
        loaded: app.loaded.subscribe(),
        clock: tokio::time::interval(OTHERS),
        app: Arc::clone(&app),
        caller,
    };
    open(&app, &streams, watch.stream())
}

struct Watch {
    app: Arc<App>,
    caller: Caller,
    happened: Receiver<Happened>,
    /// Which mirrors there are, and what is wrong with the file.
    loaded: watch::Receiver<Arc<Loaded>>,
    clock: Interval,
}

impl Watch {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = tokio::select! {
                happened = self.happened.recv() => match happened {
                    Ok(happened) => self.shown(happened).await,
                    Err(RecvError::Lagged(_)) => Ok(Some(resync())),
                    Err(RecvError::Closed) => return None,
                },
                Ok(()) = self.loaded.changed() => Ok(Some(resync())),
                _ = self.clock.tick() => self.others().await,
            };
            match event {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                // The database cannot be asked: the client connects again and finds out.
                Err(_) => return None,
            }
        }
    }

    async fn shown(&self, happened: Happened) -> Result<Option<Event>, OpError> {
        let (app, caller) = (&self.app, &self.caller);
        Ok(match happened {
            Happened::Mirror { name } if caller.sees_mirror(app, &name).await? => {
                Some(event("mirror", &MirrorChanged { name }))
            }
            Happened::Run { id, mirror, state } => {
                let seen = match &mirror {
                    Some(mirror) => caller.sees_mirror(app, mirror).await?,
                    None => !caller.is_limited(),
                };
                let state = state.into();
                seen.then(|| event("run", &RunChanged { id, mirror, state }))
            }
            Happened::Delivery { id } => {
                let seen = !caller.is_limited() || deliveries::show(app, caller, &id).await.is_ok();
                seen.then(|| event("delivery", &DeliveryCame { id }))
            }
            Happened::Mirror { .. } | Happened::Progress { .. } | Happened::Log { .. } => None,
        })
    }

    async fn others(&self) -> Result<Option<Event>, OpError> {
        let alive = self.app.loaded().config.limits.lease;
        let workers = self.app.store.workers(alive, self.app.store.now()).await?;
        let others = workers.iter().any(|worker| worker.id != self.app.worker);
        Ok(others.then(resync))
    }
}

fn resync() -> Event {
    Event::default().event("resync").data("{}")
}
