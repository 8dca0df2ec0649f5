//! Errors as answers: `application/problem+json` (RFC 9457), with a stable type for each kind.

use std::time::Duration;

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as Described, SchemaObject, StatusCode as Code};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::json::Misfit;
use super::model::problem::{FieldError, Problem};
use crate::ops::OpError;

/// A request that is answered with an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// The end of the type: `urn:refsync:…`.
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// An error of that status and kind.
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// 400: it cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "The request cannot be read",
            detail,
        )
    }

    /// 401: nobody knows who asks.
    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "A token is needed",
            detail,
        )
    }

    /// 404: there is no such path.
    pub(crate) fn no_such_path() -> Self {
        let detail = "there is no such path: GET /api/v1/openapi.json lists all of them";
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// 405: the path takes other methods.
    pub(crate) fn no_such_method() -> Self {
        let detail = "this path does not take this method: the header Allow says which it takes";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            detail,
        )
    }

    /// 422: it makes no sense.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        let title = "The request makes no sense";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title, detail)
    }

    /// 422: a value does not fit its type.
    pub(super) fn misfit(misfit: Misfit) -> Self {
        let detail = misfit.to_string();
        let Misfit { path, message } = misfit;
        Self {
            errors: vec![FieldError { path, message }],
            ..Self::invalid(detail)
        }
    }

    /// 429: too often.
    pub(crate) fn too_often(detail: impl Into<String>, wait: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            detail,
        )
        .after(wait)
    }

    /// Says when to try again.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl From<OpError> for Refusal {
    fn from(error: OpError) -> Self {
        let detail = error.to_string();
        match error {
            OpError::Forbidden { .. } | OpError::Limited(_) => Self::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "The token may not do this",
                detail,
            ),
            OpError::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail),
            OpError::Conflict(_) => Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "It is not in a state for this",
                detail,
            ),
            OpError::ReadOnly(_) => Self::new(
                StatusCode::CONFLICT,
                "read-only",
                "It is defined in the file",
                detail,
            ),
            OpError::Stale(_) => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "stale",
                "It was changed meanwhile",
                detail,
            ),
            OpError::Unconditional(_) => Self::new(
                StatusCode::PRECONDITION_REQUIRED,
                "unconditional",
                "If-Match is missing",
                detail,
            ),
            OpError::Invalid(errors) => Self {
                errors,
                ..Self::invalid(detail)
            },
            OpError::Unreachable(_) => Self::new(
                StatusCode::FAILED_DEPENDENCY,
                "unreachable",
                "A repository cannot be read",
                detail,
            ),
            OpError::Busy(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Try again", detail)
                .after(Duration::from_secs(1)),
            OpError::Failed(text) => {
                tracing::error!("a request to the API failed: {text}");
                let detail = "refsync or its database failed: its log says how";
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "refsync failed",
                    detail,
                )
            }
        }
    }
}

impl From<store::StoreError> for Refusal {
    fn from(error: store::StoreError) -> Self {
        OpError::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: format!("urn:refsync:{}", self.kind),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            errors: self.errors,
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"refsync\""),
            );
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl OperationOutput for Refusal {
    type Inner = Problem;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Described> {
        let media = MediaType {
            schema: Some(SchemaObject {
                json_schema: ctx.schema.subschema_for::<Problem>(),
                example: None,
                external_docs: None,
            }),
            ..MediaType::default()
        };
        Some(Described {
            description: "Why it was not done (RFC 9457).".to_owned(),
            content: [("application/problem+json".to_owned(), media)]
                .into_iter()
                .collect(),
            ..Described::default()
        })
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<Code>, Described)> {
        let Some(described) = Self::operation_response(ctx, operation) else {
            return Vec::new();
        };
        [
            400, 401, 403, 404, 408, 409, 412, 413, 414, 415, 422, 424, 428, 429, 503,
        ]
        .map(|status| (Some(Code::Code(status)), described.clone()))
        .to_vec()
    }
}
