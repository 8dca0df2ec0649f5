//! `POST /api/v1/mirrors/{name}/runs`: runs a mirror.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;

use crate::api::answer::Accepted;
use crate::api::extract::{MaybeBody, Path};
use crate::api::handlers::Named;
use crate::api::model::run::{Run, RunRequest};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, ask, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsRun").tag("mirrors").summary("Run a mirror").description("It is queued; its events tell how it goes on. What is left out is the input set's, then the mirror's.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    MaybeBody(request): MaybeBody<RunRequest>,
) -> Result<Accepted<Run>, Refusal> {
    let run = ask::run(&app, &caller, &name, &request).await?;
    Ok(Accepted(show::run(run)))
}
