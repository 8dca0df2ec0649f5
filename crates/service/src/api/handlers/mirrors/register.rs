//! `POST /api/v1/mirrors/{name}/hooks`: sets the webhooks up on the hosts.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;

use crate::api::extract::{MaybeBody, Path};
use crate::api::handlers::Named;
use crate::api::model::Page;
use crate::api::model::hook::{RegisterRequest, Registration};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, hooks};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsRegister").tag("mirrors").summary("Set webhooks up on the hosts").description("By the hosts' APIs, with the `hookToken` of the credentials; where there is none, the steps for a person.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(Named { name }): Path<Named>,
    MaybeBody(request): MaybeBody<RegisterRequest>,
) -> Result<Json<Page<Registration>>, Refusal> {
    let items = hooks::register(&app, &caller, &name, request.rotate).await?;
    Ok(Json(Page { items, next: None }))
}
