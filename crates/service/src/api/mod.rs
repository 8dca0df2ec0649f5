//! The API under `/api/v1`.

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// Its routes, with `/healthz`, `/readyz` and `/metrics`.
pub(crate) fn router(_app: &Arc<App>) -> Router {
    todo!()
}
