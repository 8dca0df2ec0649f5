//! `GET /api/v1/runs/{id}`: one run.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Path;
use crate::api::handlers::Identified;
use crate::api::model::run::Run;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsShow")
        .tag("runs")
        .summary("Show a run")
        .description("A unique beginning of the id, of at least 6 characters, does.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
) -> Result<Json<Run>, Refusal> {
    Ok(Json(show::run(caller.run(&app, &id).await?)))
}
