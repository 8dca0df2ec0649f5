//! `POST /hooks/host/{credential}`: the hook of an organisation, a group or a whole host.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};

use super::endpoint::Endpoint;
use super::mirror::taken_apart;
use super::{Hooks, intake, nowhere};

/// Takes a delivery.
pub(super) async fn deliver(
    State(hooks): State<Hooks>,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let Ok(Path(credential)) = path else {
        return nowhere().await.into_response();
    };
    let loaded = hooks.app.loaded();
    let endpoint = Endpoint::of_host(&loaded, &credential);
    intake::take(&hooks, &loaded, endpoint, taken_apart(request, query)).await
}
