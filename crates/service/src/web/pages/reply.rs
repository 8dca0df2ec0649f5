//! How handlers answer: with a page, with where to go next, or with what went wrong.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::ops::OpError;
use crate::web::session::Session;
use crate::web::trouble::{Trouble, html};

/// What a button sends.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Pressed {
    csrf: String,
}

/// Does what a button says, if the form is ours, and leads to where that ends.
pub(super) async fn press(
    session: &Session,
    pressed: &Pressed,
    act: impl Future<Output = Result<String, OpError>>,
) -> Response {
    let done = async {
        session.check(&pressed.csrf)?;
        Ok(Redirect::to(&act.await?))
    };
    redirect(done.await)
}

/// A page, or why there is none.
pub(super) fn answer<P: Template>(page: Result<P, Trouble>) -> Response {
    match page {
        Ok(page) => html(&page),
        Err(trouble) => trouble.into_response(),
    }
}

/// Where to go after something was done, or why it was not.
pub(super) fn redirect(done: Result<Redirect, Trouble>) -> Response {
    match done {
        Ok(redirect) => redirect.into_response(),
        Err(trouble) => trouble.into_response(),
    }
}
