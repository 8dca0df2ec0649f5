//! `GET /api/v1/mirrors/{name}/input-sets`: the saved inputs of its runs.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::Path;
use crate::api::handlers::Named;
use crate::api::model::Page;
use crate::api::model::mirror::InputSet;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, mirrors, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsInputSets")
        .tag("mirrors")
        .summary("List input sets")
        .description("The built-in ones first: `forward`, and for two-way mirrors `reverse`.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
) -> Result<Json<Page<InputSet>>, Refusal> {
    let (sets, found) = mirrors::input_sets(&app, &caller, &name).await?;
    let mirror = found.configured()?;
    let items = sets.into_iter().map(|set| show::input_set(set, mirror)).collect();
    Ok(Json(Page { items, next: None }))
}
