//! What a delivery is answered with, and what is kept as its disposition.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use store::queue::Marked;

use crate::api::model::problem::Problem;

/// The most references that are listed in an answer.
pub(super) const LISTED: usize = 1_000;

/// How a delivery that was written down is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    /// refsync's id of the delivery.
    pub(crate) delivery: String,
    /// The delivery that this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repeats: Option<String>,
    /// The event, as the host calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    /// What became of the delivery as a whole, where it changed no reference: `ping`, `ignored event`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disposition: Option<Disposition>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// What became of each reference, at most [`LISTED`] of them.
    pub(crate) references: Vec<Reference>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) more: usize,
    /// Names that Git refuses, and which are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) invalid: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What became of one reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    /// Its full name, or [`ALL`].
    pub(crate) name: String,
    /// The mirror; `null` if there is none.
    pub(crate) mirror: Option<String>,
    /// The side of it that told.
    pub(crate) side: Option<String>,
    /// What became of it.
    pub(crate) disposition: Disposition,
    /// What there is to say besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// The name that stands for the whole scope.
pub(super) const ALL: &str = "all references in scope";

/// What became of a reference or a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Disposition {
    /// It is due.
    #[serde(rename = "queued")]
    Queued,
    /// It was due already.
    #[serde(rename = "coalesced")]
    Coalesced,
    /// Our own push, told back.
    #[serde(rename = "echo")]
    Echo,
    /// The mirror does not cover it.
    #[serde(rename = "out of scope")]
    OutOfScope,
    /// Webhooks start nothing here.
    #[serde(rename = "ignored event")]
    IgnoredEvent,
    /// No mirror has the repository.
    #[serde(rename = "no mirror")]
    NoMirror,
    /// The host tried whether anybody listens.
    #[serde(rename = "ping")]
    Ping,
}

impl From<Marked> for Disposition {
    fn from(marked: Marked) -> Self {
        match marked {
            Marked::Queued => Self::Queued,
            Marked::Coalesced => Self::Coalesced,
            Marked::Echo => Self::Echo,
        }
    }
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status.
    pub(super) status: StatusCode,
    /// What happened, and what to do.
    pub(super) detail: String,
    /// After how many seconds to try again.
    pub(super) retry_after: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// 503: the host is to try again.
    pub(super) fn later(detail: impl Into<String>, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    /// As RFC 9457 has it.
    pub(super) fn problem(&self) -> Problem {
        let kind = match self.status {
            StatusCode::UNAUTHORIZED => "unsigned",
            StatusCode::FORBIDDEN => "hook-disabled",
            StatusCode::NOT_FOUND => "not-found",
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "not-json",
            StatusCode::REQUEST_TIMEOUT => "too-slow",
            StatusCode::TOO_MANY_REQUESTS => "too-many-requests",
            StatusCode::SERVICE_UNAVAILABLE => "busy",
            _ => "malformed",
        };
        Problem {
            kind: format!("urn:refsync:{kind}"),
            title: self.status.canonical_reason().unwrap_or_default().to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            errors: Vec::new(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
