//! A delivery once more, as a person asks.

use std::sync::Arc;

use hosts::webhook::{self, Headers};
use store::StoreError;
use store::delivery::Delivery;

use super::endpoint::Endpoint;
use super::intake::{Reading, arrival, tell};
use super::{index, writer};
use crate::app::App;

/// Why a delivery cannot be taken once more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedeliverError {
    /// The delivery as it was kept, or the configuration as it is now, does not allow it. Says why.
    #[error("{0}")]
    Refused(String),
    /// The delivery is not there, or the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a kept delivery once more, at its endpoint as it is configured now; gives the new delivery. `actor` is who asked. The signature
/// was checked when it came.
pub(crate) async fn redeliver(app: &App, id: &str, actor: &str) -> Result<Delivery, RedeliverError> {
    let first = app.store.delivery(id).await?;
    if first.status >= 300 {
        return Err(refused(format!(
            "delivery {} was refused with status {}: have the host send it again once that is set right",
            first.id, first.status
        )));
    }
    let loaded = app.loaded();
    let endpoint = match (&first.mirror, &first.side, &first.credential) {
        (Some(mirror), Some(side), _) => Endpoint::of_mirror(&loaded, mirror, side),
        (_, _, Some(credential)) => Endpoint::of_host(&loaded, credential),
        _ => return Err(refused("the delivery names no endpoint".to_owned())),
    };
    let endpoint = endpoint.map_err(|refusal| refused(refusal.detail))?;
    let headers: Headers = serde_json::from_str(&first.headers).unwrap_or_default();
    // The event may stand in a header that was not kept.
    let event = first.event.as_deref().filter(|_| endpoint.trigger.is_none());
    let read = webhook::read(
        endpoint.provider,
        endpoint.trigger.as_ref(),
        &headers,
        event,
        &first.body,
    )
    .map_err(|malformed| refused(malformed.to_string()))?;
    let mut again = Delivery {
        id: uuid::Uuid::now_v7().to_string(),
        repeats: Some(first.id.clone()),
        at: app.store.now(),
        from: format!("redelivered by {actor}"),
        ..first
    };
    let reading = Reading::of(&loaded, &index::sides(&loaded), &endpoint, read, &again.id);
    again.event = reading.event();
    again.status = reading.status().as_u16();
    let reading = Arc::new(reading);
    let delivered = writer::one(&app.store, &arrival(again.clone(), &reading)).await?;
    tell(app, &again.id, &reading);
    again.disposition = serde_json::to_string(&reading.answer(&again.id, &delivered)).unwrap_or_default();
    Ok(again)
}

fn refused(why: String) -> RedeliverError {
    RedeliverError::Refused(why)
}
