//! Server-sent events: how many watch, for how long, and how it ends.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::refusal::Refusal;
use crate::app::App;

/// How many may watch at a time.
const WATCHERS: usize = 512;

/// After which time a watcher connects again, so that a token that was revoked does not watch for ever.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Places for those who watch.
#[derive(Debug, Clone)]
pub(super) struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WATCHERS)))
    }
}

/// An event with a value as its data.
pub(super) fn event(name: &str, data: &impl Serialize) -> Event {
    // These values hold nothing that JSON cannot, and JSON has no line breaks.
    let text = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(text)
}

/// Sends events until they end, the process stops, or it took too long.
pub(super) fn open(
    app: &Arc<App>,
    streams: &Streams,
    events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Result<Response, Refusal> {
    let place = Arc::clone(&streams.0).try_acquire_owned().map_err(|_| {
        let detail = format!("{WATCHERS} watch already");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many watch", detail)
            .after(Duration::from_secs(10))
    })?;
    let app = Arc::clone(app);
    let end = async move {
        tokio::select! {
            () = tokio::time::sleep(LONGEST) => {}
            () = app.stopping.cancelled() => {}
        }
    };
    let events = events.take_until(Box::pin(end)).map(move |event| {
        // Held for as long as the stream is.
        let _ = &place;
        event
    });
    let keep = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Sse::new(events).keep_alive(keep).into_response();
    // nginx would hold them back otherwise.
    let headers = response.headers_mut();
    headers.insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}
