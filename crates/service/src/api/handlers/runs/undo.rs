//! `POST /api/v1/runs/{id}/undo`.

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
    op.id("runsUndo")
        .tag("runs")
        .summary("Put back what a run replaced")
        .description(
            "A new run, leased on what that run wrote: it works as long as the side still has the objects.",
        )
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
) -> Result<Accepted<Run>, Refusal> {
    let run = ask::undo(&app, &caller, &id).await?;
    Ok(Accepted(show::run(run)))
}
