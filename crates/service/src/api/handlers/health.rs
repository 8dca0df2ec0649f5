//! `/healthz`, `/readyz`, `/metrics`: for machines that watch. They need no token, and tell nothing that needs one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::app::App;
use crate::metrics;
use crate::ops::service;

/// The type of OpenMetrics' text.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /healthz`: the process answers.
pub(in crate::api) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it can do its work, else 503 with the reasons.
pub(in crate::api) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let readiness = service::readiness(&app).await;
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

/// `GET /metrics`: for Prometheus.
pub(in crate::api) async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, METRICS)], metrics::gather(&app).await).into_response()
}
