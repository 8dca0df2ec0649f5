//! `GET /api/v1/deliveries`: deliveries of webhooks, newest first.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use store::delivery::Filter;

use crate::api::extract::Query;
use crate::api::model::Page;
use crate::api::model::delivery::{Delivery, DeliveryQuery};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, deliveries, pages, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("deliveriesList")
        .tag("deliveries")
        .summary("List deliveries")
        .description("Newest first, without headers and bodies.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<Page<Delivery>>, Refusal> {
    let filter = Filter {
        mirror: query.mirror,
        credential: query.credential,
    };
    let ask = pages::ask(query.after, query.limit)?;
    let page = deliveries::list(&app, &caller, &filter, ask).await?;
    Ok(Json(Page::of(page, |delivery| show::delivery(delivery, false))))
}
