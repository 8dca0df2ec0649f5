//! `POST /api/v1/runs`: a run without a mirror.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;

use crate::api::answer::Accepted;
use crate::api::extract::Body;
use crate::api::model::run::{OneOffRequest, Run};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, ask, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsOneOff").tag("runs").summary("Run once, without a mirror").description("All variables are given; tokens by the names of credentials. It reaches only hosts that have a credential or stand in `allowHosts`.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(request): Body<OneOffRequest>,
) -> Result<Accepted<Run>, Refusal> {
    let run = ask::one_off(&app, &caller, &request).await?;
    Ok(Accepted(show::run(run)))
}
