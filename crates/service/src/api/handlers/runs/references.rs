//! `GET /api/v1/runs/{id}/references`: what became of each reference.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::{Path, Query};
use crate::api::handlers::{Identified, PageQuery};
use crate::api::model::Page;
use crate::api::model::run::RunReference;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, pages, runs, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsReferences")
        .tag("runs")
        .summary("List what became of a run's references")
        .description("By name: those that differed or were named.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RunReference>>, Refusal> {
    let ask = pages::ask(query.after, query.limit)?;
    let run = caller.run(&app, &id).await?;
    let page = runs::references(&app, &run, &ask).await?;
    Ok(Json(Page::of(page, show::run_reference)))
}
