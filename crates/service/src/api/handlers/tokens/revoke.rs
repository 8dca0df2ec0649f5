//! `DELETE /api/v1/tokens/{id}`: revokes a token.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;
use axum::response::NoContent;

use crate::api::extract::Path;
use crate::api::handlers::Identified;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, tokens};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("tokensRevoke")
        .tag("tokens")
        .summary("Revoke a token")
        .description("At once. It may be the one that asks.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Identified { id }): Path<Identified>,
) -> Result<NoContent, Refusal> {
    tokens::revoke(&app, &caller, &id).await?;
    Ok(NoContent)
}
