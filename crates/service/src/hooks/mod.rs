//! Webhooks: verified, read, written down, answered.

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// `POST /hooks/{mirror}/{source|target}` and `POST /hooks/host/{credential}`.
pub(crate) fn router(_app: &Arc<App>) -> Router {
    todo!()
}
