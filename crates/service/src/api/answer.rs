//! Answers with other statuses than 200.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as Described, StatusCode};
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::ETAG;
use schemars::JsonSchema;
use serde::Serialize;

use super::model::mirror::Mirror;

/// 202: it was taken on, and goes on after the answer.
#[derive(Debug)]
pub(super) struct Accepted<T>(pub(super) T);

/// 201: it was made.
#[derive(Debug)]
pub(super) struct Created<T>(pub(super) T);

/// A mirror, with its version as `ETag`.
#[derive(Debug)]
pub(super) struct Tagged(pub(super) Mirror);

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (http::StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (http::StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl IntoResponse for Tagged {
    fn into_response(self) -> Response {
        let tag = self.0.version.map(|version| format!("\"{version}\""));
        let mut response = Json(self.0).into_response();
        if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

fn described<T: JsonSchema>(
    status: u16,
    ctx: &mut GenContext,
    operation: &mut Operation,
) -> Vec<(Option<StatusCode>, Described)> {
    Json::<T>::operation_response(ctx, operation)
        .map(|response| (Some(StatusCode::Code(status)), response))
        .into_iter()
        .collect()
}

impl<T: JsonSchema> OperationOutput for Accepted<T> {
    type Inner = T;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<Described> {
        Json::<T>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Described)> {
        described::<T>(202, ctx, operation)
    }
}

impl<T: JsonSchema> OperationOutput for Created<T> {
    type Inner = T;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<Described> {
        Json::<T>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Described)> {
        described::<T>(201, ctx, operation)
    }
}

impl OperationOutput for Tagged {
    type Inner = Mirror;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<Described> {
        Json::<Mirror>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Described)> {
        described::<Mirror>(200, ctx, operation)
    }
}
