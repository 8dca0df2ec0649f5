//! The style sheet, the script and the icon: in the binary, named by nothing that changes, checked by a tag of their content.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

/// A file in the binary.
#[derive(Debug, Clone)]
struct Asset {
    kind: &'static str,
    content: &'static str,
    tag: String,
}

impl Asset {
    fn new(kind: &'static str, content: &'static str) -> Self {
        let digest = hex::encode(Sha256::digest(content.as_bytes()));
        Self {
            kind,
            content,
            tag: format!("\"{}\"", &digest[..16]),
        }
    }
}

/// `/assets/…`.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let serve = |kind, content| get(answer).with_state(Asset::new(kind, content));
    Router::new()
        .route(
            "/assets/refsync.css",
            serve("text/css; charset=utf-8", include_str!("assets/refsync.css")),
        )
        .route(
            "/assets/refsync.js",
            serve(
                "text/javascript; charset=utf-8",
                include_str!("assets/refsync.js"),
            ),
        )
        .route(
            "/assets/icon.svg",
            serve("image/svg+xml", include_str!("assets/icon.svg")),
        )
}

async fn answer(State(asset): State<Asset>, headers: HeaderMap) -> Response {
    let meta = [
        (header::CONTENT_TYPE, asset.kind.to_owned()),
        (header::ETAG, asset.tag.clone()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| tag.as_bytes() == asset.tag.as_bytes());
    if known {
        (StatusCode::NOT_MODIFIED, meta).into_response()
    } else {
        (meta, asset.content).into_response()
    }
}
