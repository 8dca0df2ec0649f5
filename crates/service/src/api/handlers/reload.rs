//! `POST /api/v1/config/reload`: reads the configuration again.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::MaybeBody;
use crate::api::model::service::{ReloadRequest, Reloaded};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, service};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("reload").tag("service").summary("Reload the configuration").description("A wrong file leaves the old one in force. A file that lacks over 20 % of the mirrors is refused without `force`.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    MaybeBody(request): MaybeBody<ReloadRequest>,
) -> Result<Json<Reloaded>, Refusal> {
    Ok(Json(service::reload(&app, &caller, request.force).await?))
}
