//! `POST /api/v1/deliveries/{id}/redeliver`: takes a delivery once more.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;

use crate::api::answer::Accepted;
use crate::api::extract::Path;
use crate::api::handlers::Identified;
use crate::api::model::delivery::Delivery;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, hooks, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("deliveriesRedeliver")
        .tag("deliveries")
        .summary("Take a delivery once more")
        .description("As its endpoint is configured now; the signature was checked when it came.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
) -> Result<Accepted<Delivery>, Refusal> {
    let again = hooks::redeliver(&app, &caller, &id).await?;
    Ok(Accepted(show::delivery(again, false)))
}
