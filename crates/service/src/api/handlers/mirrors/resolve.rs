//! `POST /api/v1/mirrors/{name}/resolve`: settles a conflict.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;

use crate::api::answer::Accepted;
use crate::api::extract::{Body, Path};
use crate::api::handlers::Named;
use crate::api::model::conflict::ResolveRequest;
use crate::api::model::run::Run;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, ask, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsResolve").tag("mirrors").summary("Settle a conflict").description("A run that writes the chosen value, leased on the values of the conflict: if somebody moves either side meanwhile, nothing is overwritten.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    Body(request): Body<ResolveRequest>,
) -> Result<Accepted<Run>, Refusal> {
    let run = ask::resolve(&app, &caller, &name, &request).await?;
    Ok(Accepted(show::run(run)))
}
