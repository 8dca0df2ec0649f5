//! What went wrong, as a page. Handlers answer with the bare fact; the outermost layer makes a page of it, with the frame of who asked.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use store::StoreError;

use super::frame::Frame;
use super::session::{Session, cookie, from};
use crate::app::App;
use crate::ops::OpError;
use crate::output::names::visible;

/// Why a page is not shown or an act not done.
#[derive(Debug, Clone)]
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

    /// It was done to some of those that were meant.
    pub(super) fn partly(detail: impl Into<String>) -> Self {
        Self {
            title: "Not all of it was done",
            ..Self::bad(detail)
        }
    }

    /// The same, and what else is to be said.
    pub(super) fn with(mut self, more: &str) -> Self {
        self.detail = format!("{} {more}", self.detail);
        self
    }

    /// What was sent makes no sense.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            title: "That makes no sense",
            detail: detail.into(),
        }
    }
}

/// For [`in_its_frame`]; a text where that is not around it.
impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let text = format!("{}\n\n{}\n", self.title, self.detail);
        let mut response = (self.status, text).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Makes a page of what went wrong; who signed in keeps the navigation.
pub(super) async fn in_its_frame(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (secret, from) = (cookie(&parts), from(&parts));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(trouble) = response.extensions_mut().remove::<Trouble>() else {
        return response;
    };
    let session = match &secret {
        Some(secret) => Session::open(&app, secret, from).await,
        None => Ok(None),
    };
    let page = Page {
        frame: match &session {
            Ok(Some(session)) => Frame::new(&app, session, "").await,
            _ => Frame::outside(&app),
        },
        title: trouble.title,
        detail: trouble.detail,
    };
    (trouble.status, html(&page)).into_response()
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
pub(super) async fn no_such_page(_session: Session) -> Trouble {
    Trouble {
        status: StatusCode::NOT_FOUND,
        title: "There is no such page",
        detail: "The address may be misspelt, or what it showed was removed.".into(),
    }
}
