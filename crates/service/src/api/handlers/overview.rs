//! `GET /api/v1`: the service at a glance.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::model::service::Overview;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, service};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("overview").tag("service").summary("The service at a glance").description("State of the service, counts of mirrors by state, what needs a person, and the token that asks. With a token that is limited to a label: of its mirrors alone.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Overview>, Refusal> {
    Ok(Json(service::overview(&app, &caller).await?))
}
