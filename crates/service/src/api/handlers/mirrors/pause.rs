//! `POST /api/v1/mirrors/{name}/pause`.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Path;
use crate::api::handlers::Named;
use crate::api::model::mirror::Mirror;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, mirrors, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsPause")
        .tag("mirrors")
        .summary("Pause a mirror")
        .description("What comes meanwhile stays due. Runs asked for by hand are made all the same.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
) -> Result<Json<Mirror>, Refusal> {
    let one = mirrors::set_paused(&app, &caller, &name, true).await?;
    Ok(Json(show::mirror(&one.found, one.version())))
}
