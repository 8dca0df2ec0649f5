//! `GET /api/v1/mirrors/{name}/conflict`: one conflict.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::{Path, Query};
use crate::api::handlers::Named;
use crate::api::model::conflict::{Conflict, OneConflictQuery};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, conflicts};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsConflict").tag("mirrors").summary("Show a conflict")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    Query(query): Query<OneConflictQuery>,
) -> Result<Json<Conflict>, Refusal> {
    Ok(Json(
        conflicts::show(&app, &caller, &name, &query.reference).await?,
    ))
}
