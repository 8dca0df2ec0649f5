//! The body of a delivery, as it comes: bounded one by one and all together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Refusal;

/// Up to here a body is small, in bytes. Small ones never wait for large ones.
const SMALL: usize = 256 * 1024;

/// What a body is given that does not tell its length, until it turns out to be larger, in bytes.
const UNTOLD: usize = 32 * 1024;

/// Memory for small bodies at a time, in KiB.
const SMALL_ROOM: usize = 64 * 1024;

/// Memory for large bodies at a time, in KiB.
const LARGE_ROOM: usize = 128 * 1024;

/// How long a body may take.
const WHOLE: Duration = Duration::from_secs(60);

/// How much memory the bodies that are read at a time may take.
#[derive(Debug)]
pub(super) struct Room {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            small: Arc::new(Semaphore::new(SMALL_ROOM)),
            large: Arc::new(Semaphore::new(LARGE_ROOM)),
        }
    }
}

/// A body and the memory it was given.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Room {
    /// Reads a body of at most `limit` bytes.
    pub(super) async fn read(&self, headers: &HeaderMap, body: Body, limit: usize) -> Result<Held, Refusal> {
        let told = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse::<usize>().ok());
        if told.is_some_and(|told| told > limit) {
            return Err(too_large(limit));
        }
        // Who does not tell the length is small until proven otherwise.
        let mut room = self.take(told.unwrap_or(UNTOLD.min(limit)))?;
        let reading = async {
            let mut whole = BytesMut::with_capacity(told.unwrap_or(0).min(SMALL));
            let mut pieces = body.into_data_stream();
            while let Some(piece) = pieces.next().await {
                let piece = piece.map_err(|_| {
                    Refusal::new(
                        StatusCode::BAD_REQUEST,
                        "the body ended too early, or is not as its headers say",
                    )
                })?;
                let length = whole.len() + piece.len();
                if length > limit {
                    return Err(too_large(limit));
                }
                if told.is_none() && whole.len() <= UNTOLD && length > UNTOLD {
                    room = self.take(limit)?;
                }
                whole.extend_from_slice(&piece);
            }
            Ok(whole.freeze())
        };
        let bytes = tokio::time::timeout(WHOLE, reading).await.map_err(|_| {
            Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body took longer than {} seconds", WHOLE.as_secs()),
            )
        })??;
        Ok(Held { bytes, _room: room })
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let (room, all) = if bytes <= SMALL {
            (&self.small, SMALL_ROOM)
        } else {
            (&self.large, LARGE_ROOM)
        };
        let wanted = u32::try_from(bytes.div_ceil(1024).clamp(1, all)).unwrap_or(u32::MAX);
        Arc::clone(room)
            .try_acquire_many_owned(wanted)
            .map_err(|_| Refusal::later("too many deliveries at once: try again", 2))
    }
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {limit} bytes (limits.hookBytes)"),
    )
}
