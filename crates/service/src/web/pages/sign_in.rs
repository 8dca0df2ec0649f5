//! Signing in with a token, and out.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;
use store::Time;

use crate::api::rate::{Buckets, Client, Rate};
use crate::app::App;
use crate::web::frame::Frame;
use crate::web::session::{LENGTH, Session, cookie, set_cookie};
use crate::web::trouble::{Trouble, html};

/// How many wrong tokens a client may try: ten at once, then one every six seconds.
const WRONG: Rate = Rate {
    each_second: 1.0 / 6.0,
    burst: 10.0,
};

/// Who tried wrong tokens.
static ATTEMPTS: LazyLock<Buckets<Client>> = LazyLock::new(Buckets::default);

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    frame: Frame,
    next: String,
    /// Something was sent after the session had ended.
    lost: bool,
    problem: Option<&'static str>,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    next: String,
    lost: bool,
}

/// `GET /sign-in`.
pub(in crate::web) async fn page(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Response {
    html(&Page {
        frame: Frame::outside(&app),
        next: here(&asked.next).to_owned(),
        lost: asked.lost,
        problem: None,
    })
}

/// What the form sends. The token goes into the session and nowhere else.
#[derive(Deserialize)]
pub(in crate::web) struct Credentials {
    token: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`: attempts are counted by client, as those of the API.
pub(in crate::web) async fn enter(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(credentials): Form<Credentials>,
) -> Response {
    if is_foreign(&headers) {
        return Trouble::foreign_form().into_response();
    }
    match attempt(&app, from, &credentials).await {
        Ok(response) => response,
        Err(trouble) => trouble.into_response(),
    }
}

/// Whether the browser says that another site sent this: it would sign people in as somebody else. Without a session there is no value
/// that a form could carry to show that it is ours.
fn is_foreign(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none")
}

async fn attempt(app: &App, from: SocketAddr, credentials: &Credentials) -> Result<Response, Trouble> {
    let next = here(&credentials.next);
    let refused = |status, problem| {
        let page = Page {
            frame: Frame::outside(app),
            next: next.to_owned(),
            lost: false,
            problem: Some(problem),
        };
        (status, html(&page)).into_response()
    };
    let client = Client::at(from.ip());
    if !ATTEMPTS.wait(&client, WRONG, Instant::now()).is_zero() {
        return Ok(refused(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts from your address: wait a minute and try again.",
        ));
    }
    let now = Time::now();
    let text: SecretString = credentials.token.trim().to_owned().into();
    let Some(token) = app.store.token(&text, now).await? else {
        // Its result is the next attempt's wait.
        let _ = ATTEMPTS.take(client, WRONG, Instant::now());
        return Ok(refused(
            StatusCode::UNAUTHORIZED,
            "This token is not valid: it is misspelt, expired or revoked.",
        ));
    };
    let secret = app.store.open_session(&token.id, now + LENGTH, now).await?;
    let cookie = set_cookie(app, Some(&secret));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

/// What every form sends.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Sent {
    csrf: String,
}

/// `POST /sign-out`.
pub(in crate::web) async fn leave(
    State(app): State<Arc<App>>,
    session: Session,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let sent = match axum::body::to_bytes(body, 4096).await {
        Ok(body) => crate::web::form::read::<Sent>(&body),
        Err(_) => Err(Trouble::foreign_form()),
    };
    if let Err(trouble) = sent.and_then(|sent| session.check(&sent.csrf)) {
        return trouble.into_response();
    }
    if let Some(secret) = cookie(&parts)
        && let Err(error) = app.store.close_session(&secret).await
    {
        return Trouble::from(error).into_response();
    }
    let cookie = set_cookie(&app, None);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
}

/// Only pages of our own: an address that begins with one slash.
pub(super) fn here(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        // Browsers leave control characters out, and read `/\t/` as `//`.
        && !next.contains(|one: char| one.is_control() || one == '\\')
        && !next.starts_with("/sign-");
    if ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::here;

    #[test]
    fn signing_in_leads_nowhere_else() {
        assert_eq!(here("/runs?state=failed"), "/runs?state=failed");
        for elsewhere in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\r\n/evil.example",
            "/runs\u{85}",
            "javascript:alert(1)",
            "/sign-out",
        ] {
            assert_eq!(here(elsewhere), "/", "{elsewhere}");
        }
    }
}
