//! Deliveries of webhooks.

use store::delivery::{Delivery, Filter};
use store::page::{Ask, Page};

use super::caller::shown;
use super::{Caller, OpError, pages};
use crate::app::App;

/// Deliveries, newest first, without bodies.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: &Filter,
    ask: Ask,
) -> Result<Page<Delivery>, OpError> {
    if let Some(mirror) = &filter.mirror {
        caller.mirror(app, mirror).await?;
    }
    let fetch = |ask: Ask| async move { app.store.deliveries(filter, &ask).await };
    pages::filtered(ask, fetch, |delivery: &Delivery| {
        let delivery = Delivery {
            body: Vec::new(),
            ..delivery.clone()
        };
        async move { sees(app, caller, &delivery).await }
    })
    .await
}

/// One delivery with its body.
pub(crate) async fn show(app: &App, caller: &Caller, id: &str) -> Result<Delivery, OpError> {
    let missing = || OpError::not_found(format!("delivery {}", shown(id)));
    let delivery = match app.store.delivery(id).await {
        Err(store::StoreError::NotFound { .. }) => return Err(missing()),
        other => other?,
    };
    if sees(app, caller, &delivery).await? {
        Ok(delivery)
    } else {
        Err(missing())
    }
}

/// A delivery of a host's endpoint exists for those who see all mirrors that it tells of.
async fn sees(app: &App, caller: &Caller, delivery: &Delivery) -> Result<bool, OpError> {
    if !caller.is_limited() {
        return Ok(true);
    }
    if let Some(mirror) = &delivery.mirror {
        return caller.sees_mirror(app, mirror).await;
    }
    let answer: serde_json::Value = serde_json::from_str(&delivery.disposition).unwrap_or_default();
    let Some(references) = answer.get("references").and_then(|list| list.as_array()) else {
        return Ok(false);
    };
    for reference in references {
        let Some(mirror) = reference.get("mirror").and_then(|mirror| mirror.as_str()) else {
            return Ok(false);
        };
        if !caller.sees_mirror(app, mirror).await? {
            return Ok(false);
        }
    }
    Ok(!references.is_empty())
}
