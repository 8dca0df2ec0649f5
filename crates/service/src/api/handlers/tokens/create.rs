//! `POST /api/v1/tokens`: makes a token.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;

use crate::api::answer::Created;
use crate::api::extract::Body;
use crate::api::model::token::{MadeToken, TokenRequest};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, tokens};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("tokensCreate")
        .tag("tokens")
        .summary("Make a token")
        .description("Its text is in this answer and nowhere else: refsync keeps its hash.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(request): Body<TokenRequest>,
) -> Result<Created<MadeToken>, Refusal> {
    Ok(Created(tokens::make(&app, &caller, &request).await?))
}
