//! `POST /api/v1/mirrors/{name}/resume`.

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
    op.id("mirrorsResume")
        .tag("mirrors")
        .summary("End a pause")
        .description("What is due is run at once.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
) -> Result<Json<Mirror>, Refusal> {
    let one = mirrors::set_paused(&app, &caller, &name, false).await?;
    Ok(Json(show::mirror(&one.found, one.version())))
}
