//! `GET /api/v1/runs/{id}/log`: its log.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::{Path, Query};
use crate::api::handlers::Identified;
use crate::api::model::Page;
use crate::api::model::run::{LogLine, LogQuery};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, OpError, runs, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsLog")
        .tag("runs")
        .summary("Read a run's log")
        .description("`next` is the number of the last line, for `after`.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
    Query(query): Query<LogQuery>,
) -> Result<Json<Page<LogLine>>, Refusal> {
    let limit = match query.limit.unwrap_or(500) {
        limit @ (0 | 1_001..) => {
            return Err(OpError::invalid("limit", format!("{limit} is not between 1 and 1000")).into());
        }
        limit => limit,
    };
    let run = caller.run(&app, &id).await?;
    let lines = runs::log(&app, &run, query.after.unwrap_or_default(), limit).await?;
    let is_full = lines.len() >= limit as usize;
    let next = lines
        .last()
        .filter(|_| is_full)
        .map(|line| line.number.to_string());
    let items = lines.into_iter().map(show::log_line).collect();
    Ok(Json(Page { items, next }))
}
