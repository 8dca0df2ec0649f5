//! `POST /api/v1/mirrors`: makes a mirror.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::extract::State;
use config::raw::MirrorSpec;

use super::show::whole;
use crate::api::answer::Created;
use crate::api::extract::Body;
use crate::api::model::mirror::Mirror;
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{Caller, mirrors};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("mirrorsCreate").tag("mirrors").summary("Make a mirror").description("It names credentials of the configuration and can hold no secret, path or command of its own. It is looked at at once.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(spec): Body<MirrorSpec>,
) -> Result<Created<Mirror>, Refusal> {
    let one = mirrors::create(&app, &caller, &spec).await?;
    Ok(Created(whole(&one)))
}
