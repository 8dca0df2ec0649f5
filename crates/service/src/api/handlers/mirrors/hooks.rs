//! `GET /api/v1/mirrors/{name}/hooks`: its endpoints.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Path;
use crate::api::handlers::Named;
use crate::api::model::Page;
use crate::api::model::hook::Hook;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, hooks};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsHooks")
        .tag("mirrors")
        .summary("List a mirror's webhook endpoints")
        .description("With the address to enter on the host, the events to tick, and the steps for a person.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
) -> Result<Json<Page<Hook>>, Refusal> {
    let items = hooks::endpoints(&app, &caller, &name).await?;
    Ok(Json(Page { items, next: None }))
}
