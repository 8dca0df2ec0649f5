//! `POST /hooks/{mirror}/{source|target}`: one repository's hook.

use std::net::SocketAddr;

use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};

use super::endpoint::Endpoint;
use super::{Hooks, intake, nowhere};

/// Takes a delivery.
pub(super) async fn deliver(
    State(hooks): State<Hooks>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let Ok(Path((mirror, side))) = path else {
        return nowhere().await.into_response();
    };
    let loaded = hooks.app.loaded();
    let endpoint = Endpoint::of_mirror(&loaded, &mirror, &side);
    intake::take(&hooks, &loaded, endpoint, taken_apart(request, query)).await
}

/// The request's parts, and the address it came from.
pub(super) fn taken_apart(request: Request, query: Option<String>) -> intake::Request {
    let (parts, body) = request.into_parts();
    let from = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip());
    intake::Request {
        from,
        headers: parts.headers,
        query,
        body,
    }
}
