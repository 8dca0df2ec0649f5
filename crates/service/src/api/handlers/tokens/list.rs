//! `GET /api/v1/tokens`: all tokens.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::model::Page;
use crate::api::model::token::Token;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, show, tokens};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("tokensList")
        .tag("tokens")
        .summary("List tokens")
        .description("Also those that are not valid any more; never their texts.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Page<Token>>, Refusal> {
    let tokens = tokens::list(&app, &caller).await?;
    let items = tokens.iter().map(show::token).collect();
    Ok(Json(Page { items, next: None }))
}
