//! `GET /api/v1/conflicts`: open conflicts.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Query;
use crate::api::model::Page;
use crate::api::model::conflict::{Conflict, ConflictQuery};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, conflicts, mirrors, pages};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("conflictsList")
        .tag("conflicts")
        .summary("List conflicts")
        .description("Open ones, oldest first.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ConflictQuery>,
) -> Result<Json<Page<Conflict>>, Refusal> {
    let ask = pages::ask(query.after, query.limit)?;
    let labels = mirrors::selection(query.label.as_deref().unwrap_or_default())?;
    let mirror = query.mirror.as_deref();
    Ok(Json(conflicts::list(&app, &caller, mirror, &labels, ask).await?))
}
