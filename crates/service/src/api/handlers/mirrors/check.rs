//! `POST /api/v1/mirrors/{name}/check`: the preflight.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Path;
use crate::api::handlers::Named;
use crate::api::model::check::CheckReport;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, look};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsCheck").tag("mirrors").summary("Check a mirror").description("Reachable, authenticated, may read, may write, hidden references, scope, webhooks. Nothing is written. What failed is in the answer, whose status is 200 all the same.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
) -> Result<Json<CheckReport>, Refusal> {
    Ok(Json(look::check(&app, &caller, &name).await?))
}
