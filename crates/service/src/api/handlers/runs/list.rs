//! `GET /api/v1/runs`: runs, newest first.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use store::run::{Filter, State as RunStateStored};

use crate::api::extract::Query;
use crate::api::model::Page;
use crate::api::model::run::{Run, RunQuery, RunState};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::caller::shown;
use crate::ops::{Caller, OpError, mirrors, pages, runs, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsList")
        .tag("runs")
        .summary("List runs")
        .description("Newest first.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<RunQuery>,
) -> Result<Json<Page<Run>>, Refusal> {
    let filter = Filter {
        mirror: query.mirror,
        states: states(query.state.as_deref().unwrap_or_default())?,
        since: query.since.map(|since| since.0),
    };
    let ask = pages::ask(query.after, query.limit)?;
    let labels = mirrors::selection(query.label.as_deref().unwrap_or_default())?;
    let page = runs::list(&app, &caller, &filter, &labels, ask).await?;
    Ok(Json(Page::of(page, show::run)))
}

/// `failed,held`.
fn states(text: &str) -> Result<Vec<RunStateStored>, OpError> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let state = RunState::ALL.into_iter().find(|state| state.word() == word);
            state.map(RunState::stored).ok_or_else(|| {
                let all = RunState::ALL.map(RunState::word).join(", ");
                OpError::invalid("state", format!("`{}` is not one of {all}", shown(word)))
            })
        })
        .collect()
}
