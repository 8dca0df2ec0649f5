//! The commits of a side since the base, for the page of a conflict.

use std::sync::Arc;
use std::time::Duration;

use config::Mirror;
use engine::error::Error;
use engine::side::Side;
use gitwire::Oid;
use store::queue::Memory;

pub(super) use engine::history::History;

use crate::app::App;
use crate::work::look::{IN_ALL, Look};

/// Reads them from the side's server; the error is a sentence. Nothing is there of a side without the reference.
pub(super) async fn read(
    app: &Arc<App>,
    mirror: &Mirror,
    side: Side,
    value: Option<Oid>,
    base: Option<Oid>,
) -> Result<History, String> {
    let Some(value) = value else {
        return Ok(History::default());
    };
    // What is remembered of the references decides what is written, and nothing is.
    let look = Look::with(app, mirror, &Memory::default())
        .await
        .map_err(|error| error.to_string())?;
    let asking = engine::history::history(&look.request, side, value, base);
    let history = in_time(side, IN_ALL, asking).await;
    look.leave()
        .await
        .map_err(|error| format!("The commits cannot be read: {error}"))?;
    history
}

/// A server that sends a little now and then is never silent, and would never end.
async fn in_time(
    side: Side,
    at_most: Duration,
    asking: impl Future<Output = Result<History, Error>>,
) -> Result<History, String> {
    match tokio::time::timeout(at_most, asking).await {
        Ok(read) => read.map_err(|error| format!("The commits cannot be read: {error}")),
        Err(_) => Err(format!(
            "The commits cannot be read: the {side} did not send them within {} s",
            at_most.as_secs()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_never_ends_is_not_waited_for() {
        let read = in_time(Side::Target, Duration::ZERO, std::future::pending()).await;
        let told = "The commits cannot be read: the target did not send them within 0 s";
        assert_eq!(read, Err(told.to_owned()));
    }
}
