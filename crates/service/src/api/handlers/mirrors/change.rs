//! `PUT /api/v1/mirrors/{name}`: changes a mirror.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;
use config::raw::MirrorSpec;

use super::show::whole;
use crate::api::answer::Tagged;
use crate::api::extract::{Body, IfMatch, Path};
use crate::api::handlers::Named;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, mirrors};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsChange").tag("mirrors").summary("Change a mirror").description("Needs `If-Match` with the `ETag` that was read. Mirrors of the file are read-only. A changed address drops what was agreed on.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    IfMatch(version): IfMatch,
    Body(spec): Body<MirrorSpec>,
) -> Result<Tagged, Refusal> {
    let one = mirrors::change(&app, &caller, &name, version, &spec).await?;
    Ok(Tagged(whole(&one)))
}
