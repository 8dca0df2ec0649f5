//! `DELETE /api/v1/mirrors/{name}`: removes a mirror.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;
use axum::response::NoContent;

use crate::api::extract::{IfMatch, Path};
use crate::api::handlers::Named;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, mirrors};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsRemove")
        .tag("mirrors")
        .summary("Remove a mirror")
        .description("Neither repository is touched. Mirrors of the file are read-only.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    IfMatch(version): IfMatch,
) -> Result<NoContent, Refusal> {
    mirrors::remove(&app, &caller, &name, version).await?;
    Ok(NoContent)
}
