//! `GET /api/v1/mirrors`: mirrors by name.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use store::mirror::{Filter, Health};

use crate::api::extract::Query;
use crate::api::model::Page;
use crate::api::model::mirror::{Mirror, MirrorQuery, MirrorState};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::caller::shown;
use crate::ops::{Caller, OpError, mirrors, pages, show};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsList")
        .tag("mirrors")
        .summary("List mirrors")
        .description("By name, with how each is.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<MirrorQuery>,
) -> Result<Json<Page<Mirror>>, Refusal> {
    let filter = Filter {
        labels: query
            .label
            .as_deref()
            .map(mirrors::selection)
            .transpose()?
            .unwrap_or_default(),
        health: states(query.state.as_deref().unwrap_or_default())?,
        search: query.search.filter(|search| !search.is_empty()),
        parked: query.parked.unwrap_or_default(),
    };
    let ask = pages::ask(query.after, query.limit)?;
    let page = mirrors::list(&app, &caller, filter, &ask).await?;
    Ok(Json(Page::of(page, |one| {
        show::mirror(&one.found, one.version())
    })))
}

/// `waiting,failed`.
fn states(text: &str) -> Result<Vec<Health>, OpError> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let state = MirrorState::ALL.into_iter().find(|state| state.word() == word);
            state.map(MirrorState::health).ok_or_else(|| {
                let all = MirrorState::ALL.map(MirrorState::word).join(", ");
                OpError::invalid("state", format!("`{}` is not one of {all}", shown(word)))
            })
        })
        .collect()
}
