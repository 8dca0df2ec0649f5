//! `POST /api/v1/runs/{id}/cancel`.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Path;
use crate::api::handlers::Identified;
use crate::api::model::run::Run;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, ask, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsCancel")
        .tag("runs")
        .summary("Cancel a run")
        .description("One that is queued ends at once, one under way within seconds. What it wrote stays.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
) -> Result<Json<Run>, Refusal> {
    Ok(Json(show::run(ask::cancel(&app, &caller, &id).await?)))
}
