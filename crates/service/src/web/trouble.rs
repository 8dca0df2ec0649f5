//! What went wrong, as a page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use store::StoreError;

use super::frame::Frame;
use super::session::Session;
use crate::app::App;
use crate::ops::OpError;
use crate::output::names::visible;

/// Why a page is not shown or an act not done.
#[derive(Debug)]
pub(super) struct Trouble {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    detail: String,
}

impl Trouble {
    /// A form that does not come from one of our pages, or from one of before a new sign-in.
    pub(super) fn foreign_form() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            title: "The form is out of date",
            detail: "Nothing was done. Go back, load the page again, and send the form once more.".into(),
        }
    }

    /// What was sent makes no sense.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title: "That makes no sense",
            detail: detail.into(),
        }
    }

    /// Answers as a page.
    pub(super) fn answer(self, app: &App) -> Response {
        let page = Page {
            frame: Frame::outside(app),
            title: self.title,
            detail: self.detail,
        };
        (self.status, html(&page)).into_response()
    }
}

/// Without the frame: where there is no `App` at hand.
impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let text = format!("{}\n\n{}\n", self.title, self.detail);
        (self.status, text).into_response()
    }
}

impl From<OpError> for Trouble {
    fn from(error: OpError) -> Self {
        let (status, title) = match &error {
            OpError::Forbidden { .. } | OpError::Limited(_) => {
                (StatusCode::FORBIDDEN, "Your token does not allow that")
            }
            OpError::NotFound { .. } => (StatusCode::NOT_FOUND, "There is no such thing"),
            OpError::Conflict(_) | OpError::ReadOnly(_) => (StatusCode::CONFLICT, "That is not possible now"),
            OpError::Stale(_) | OpError::Unconditional(_) => {
                (StatusCode::PRECONDITION_FAILED, "Somebody changed it meanwhile")
            }
            OpError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "That makes no sense"),
            OpError::Unreachable(_) => (StatusCode::BAD_GATEWAY, "A side cannot be reached"),
            OpError::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment"),
            OpError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "refsync failed"),
        };
        let detail = if let OpError::Failed(text) = &error {
            tracing::error!("a page could not be shown: {text}");
            "The log of this process says why.".to_owned()
        } else {
            visible(error.to_string().as_bytes())
        };
        Self {
            status,
            title,
            detail,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        OpError::from(error).into()
    }
}

/// A page, as HTML.
pub(super) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Anything else under `/`.
pub(super) async fn no_such_page(State(app): State<Arc<App>>, _session: Session) -> Response {
    Trouble {
        status: StatusCode::NOT_FOUND,
        title: "There is no such page",
        detail: "The address may be misspelt, or what it showed was removed.".into(),
    }
    .answer(&app)
}
