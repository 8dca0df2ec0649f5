//! `GET /api/v1/mirrors/{name}/diff`: the drift report.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::{Path, Query};
use crate::api::handlers::Named;
use crate::api::model::reference::{Drift, DriftQuery};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, look, references};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsDiff").tag("mirrors").summary("Report drift").description("Every reference that differs, also those that only the target has: as the last runs saw them, or with `live` as both sides are now, for which the role `operate` is needed.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    Query(query): Query<DriftQuery>,
) -> Result<Json<Drift>, Refusal> {
    let drift = match query.live.unwrap_or_default() {
        true => look::drift(&app, &caller, &name).await?,
        false => references::drift(&app, &caller, &name).await?,
    };
    Ok(Json(drift))
}
