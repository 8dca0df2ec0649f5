//! How handlers answer: with a page, with where to go next, or with what went wrong.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::web::trouble::{Trouble, html};

/// What a button sends.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Pressed {
    csrf: String,
}

impl Pressed {
    /// What shows that the form is ours.
    pub(super) fn csrf(&self) -> &str {
        &self.csrf
    }
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
