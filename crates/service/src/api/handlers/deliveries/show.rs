//! `GET /api/v1/deliveries/{id}`: one delivery with its body.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Path;
use crate::api::handlers::Identified;
use crate::api::model::delivery::Delivery;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, deliveries, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("deliveriesShow")
        .tag("deliveries")
        .summary("Show a delivery")
        .description("With its headers, but for secrets and signatures, and its body.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
) -> Result<Json<Delivery>, Refusal> {
    let delivery = deliveries::show(&app, &caller, &id).await?;
    Ok(Json(show::delivery(delivery, true)))
}
