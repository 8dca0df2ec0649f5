//! `GET /api/v1/mirrors/{name}/references`: its references on both sides.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::{Path, Query};
use crate::api::handlers::Named;
use crate::api::model::Page;
use crate::api::model::reference::{Reference, ReferenceQuery};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, pages, references};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsReferences")
        .tag("mirrors")
        .summary("List references")
        .description("By name, as the last runs saw them.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    Query(query): Query<ReferenceQuery>,
) -> Result<Json<Page<Reference>>, Refusal> {
    let ask = pages::ask(query.after, query.limit)?;
    let differing = query.differing.unwrap_or_default();
    Ok(Json(
        references::list(&app, &caller, &name, differing, &ask).await?,
    ))
}
