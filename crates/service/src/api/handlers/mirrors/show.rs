//! `GET /api/v1/mirrors/{name}`: one mirror with its definition.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;

use crate::api::answer::Tagged;
use crate::api::extract::Path;
use crate::api::handlers::Named;
use crate::api::model::mirror::Mirror;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, mirrors, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsShow").tag("mirrors").summary("Show a mirror").description("With its definition as the API takes it. The header `ETag` is the version that an edit expects in `If-Match`.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
) -> Result<Tagged, Refusal> {
    let one = mirrors::show(&app, &caller, &name).await?;
    Ok(Tagged(whole(&one)))
}

/// A mirror with its definition.
pub(super) fn whole(one: &mirrors::Versioned) -> Mirror {
    Mirror {
        spec: one.found.configured.as_deref().map(config::render::spec),
        ..show::mirror(&one.found, one.version())
    }
}
