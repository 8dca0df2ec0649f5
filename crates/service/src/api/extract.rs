//! What handlers take out of a request. What cannot be read is a problem, never a 500.

use std::time::Duration;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::{CONTENT_TYPE, IF_MATCH};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::json::{self, Json};
use super::refusal::Refusal;
use crate::ops::Caller;

/// The largest body, in bytes.
const BODY: usize = 1024 * 1024;

/// How deep JSON may be nested.
const DEPTH: usize = 32;

/// How long a whole body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A body in JSON. Its answer counterpart is [`axum::Json`].
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

/// As [`Body`]; no body at all stands for all that is left out.
#[derive(Debug)]
pub(super) struct MaybeBody<T>(pub(super) T);

/// What stands after the question mark.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

/// What stands in the path.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

/// The version that an edit is of, from `If-Match`.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) Option<i64>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (headers, bytes) = read(request).await?;
        is_json(&headers)?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (headers, bytes) = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        is_json(&headers)?;
        parse(&bytes).map(Self)
    }
}

async fn read(request: Request) -> Result<(HeaderMap, Vec<u8>), Refusal> {
    let (parts, body) = request.into_parts();
    let collected = tokio::time::timeout(BODY_TIME, Limited::new(body, BODY).collect());
    match collected.await {
        Ok(Ok(collected)) => Ok((parts.headers, collected.to_bytes().into())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The body is too large",
            format!("a body has at most {BODY} bytes"),
        )),
        Ok(Err(_)) => Err(Refusal::malformed("the body ended early")),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "The body took too long",
            format!("a body has {} s to arrive", BODY_TIME.as_secs()),
        )),
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case("application/json") || essence.to_ascii_lowercase().ends_with("+json") {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Not JSON",
        "set the content type to application/json",
    ))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    if depth(bytes) > DEPTH {
        return Err(Refusal::malformed(format!(
            "the JSON is nested deeper than {DEPTH} levels"
        )));
    }
    let json = serde_json::from_slice::<Json>(bytes).map_err(|error| {
        let text = crate::ops::caller::shown(&error.to_string());
        Refusal::malformed(format!("this is not JSON: {text}"))
    })?;
    // What is no object is no run of everything either.
    if !matches!(json, Json::Object(_)) {
        return Err(Refusal::invalid("the body must be a JSON object"));
    }
    json::read(&json).map_err(Refusal::misfit)
}

/// How deep brackets are nested, outside of texts. Of what is not JSON it may be anything.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let text = crate::ops::caller::shown(&rejection.body_text());
                Err(Refusal::invalid(text))
            }
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            // Names and ids are UTF-8: what is not is the name of nothing.
            Err(_) => Err(Refusal::no_such_path()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(value) = parts.headers.get(IF_MATCH) else {
            return Ok(Self(None));
        };
        let version = value.to_str().ok().and_then(|text| {
            let text = text.trim();
            text.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
        });
        // What no version can be is no version that is there.
        Ok(Self(Some(version.unwrap_or(-1))))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Refusal::unauthorized("no token was read"))
    }
}

impl<T: JsonSchema> OperationInput for Body<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::Json::<T>::operation_input(ctx, operation);
    }
}

impl<T: JsonSchema> OperationInput for MaybeBody<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::Json::<T>::operation_input(ctx, operation);
        if let Some(aide::openapi::ReferenceOr::Item(body)) = &mut operation.request_body {
            body.required = false;
        }
    }
}

impl<T: JsonSchema> OperationInput for Query<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::extract::Query::<T>::operation_input(ctx, operation);
    }
}

impl<T: JsonSchema> OperationInput for Path<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        axum::extract::Path::<T>::operation_input(ctx, operation);
    }
}

impl OperationInput for IfMatch {}

impl OperationInput for Caller {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        assert_eq!(depth(b"{}"), 1);
        assert_eq!(depth(br#"{"a": [1, {"b": "[[[[\"[["}]}"#), 3);
        assert_eq!(depth(b"]]]]["), 1);
        let deep = "[".repeat(100_000);
        assert_eq!(depth(deep.as_bytes()), 100_000);
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
