//! `POST /api/v1/runs/{id}/approve`.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;

use crate::api::answer::Accepted;
use crate::api::extract::Path;
use crate::api::handlers::Identified;
use crate::api::model::run::Run;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, ask, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsApprove")
        .tag("runs")
        .summary("Release what a run holds")
        .description("A new run, leased on what both sides had when it was held.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
) -> Result<Accepted<Run>, Refusal> {
    let run = ask::approve(&app, &caller, &id).await?;
    Ok(Accepted(show::run(run)))
}
