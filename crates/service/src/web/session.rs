//! Who signed in: a cookie that only its hash is kept of, and the check that a form came from one of our pages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use store::{StoreError, Time};
use subtle::ConstantTimeEq;

use super::trouble::Trouble;
use crate::app::App;
use crate::ops::Caller;

/// The name of the cookie.
const COOKIE: &str = "refsync_session";

/// For how long somebody stays signed in.
pub(super) const LENGTH: Duration = Duration::from_secs(12 * 60 * 60);

/// Somebody who signed in.
#[derive(Debug)]
pub(super) struct Session {
    /// Whose token it is, and from where.
    pub(super) caller: Caller,
    /// What every form must carry.
    pub(super) csrf: String,
}

impl FromRequestParts<Arc<App>> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let away = || to_sign_in(parts, app);
        let Some(secret) = cookie(parts) else {
            return Err(away());
        };
        match Self::open(app, &secret, from(parts)).await {
            Ok(Some(session)) => Ok(session),
            Ok(None) => Err(away()),
            Err(error) => Err(Trouble::from(error).into_response()),
        }
    }
}

/// To the page to sign in, and from there back to what was looked at. What was sent is lost, and said to be.
fn to_sign_in(parts: &Parts, app: &App) -> Response {
    let looks = matches!(parts.method, Method::GET | Method::HEAD);
    let next = match looks {
        true => path_of(&parts.uri),
        false => sender(parts, app),
    };
    let next = percent_encoding::utf8_percent_encode(&next, percent_encoding::NON_ALPHANUMERIC);
    let lost = if looks { "" } else { "&lost=true" };
    Redirect::to(&format!("/sign-in?next={next}{lost}")).into_response()
}

/// The page of ours that a form was sent from; `/` if it is not known. Proxies may give another host than the browser asked.
fn sender(parts: &Parts, app: &App) -> String {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(referer) = header(header::REFERER).and_then(|referer| referer.parse::<Uri>().ok()) else {
        return "/".to_owned();
    };
    let public = app
        .loaded()
        .config
        .public_url
        .as_deref()
        .and_then(|url| url.parse::<Uri>().ok());
    let public = public.as_ref().and_then(Uri::authority).map(|one| one.as_str());
    let host = referer.authority().map(|one| one.as_str());
    match host.is_some() && (host == header(header::HOST) || host == public) {
        true => path_of(&referer),
        false => "/".to_owned(),
    }
}

fn path_of(uri: &Uri) -> String {
    uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// Tells the handlers behind it who asks.
pub(super) async fn introduce(session: Session, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(session.caller);
    next.run(request).await
}

impl Session {
    /// The session of a cookie, if it is valid now, for a caller at that address.
    pub(super) async fn open(
        app: &App,
        secret: &SecretString,
        from: String,
    ) -> Result<Option<Self>, StoreError> {
        let token = app.store.session(secret, Time::now()).await?;
        Ok(token.map(|token| Self {
            caller: Caller { token, from },
            csrf: csrf(secret),
        }))
    }

    /// Whether a form is ours.
    pub(super) fn check(&self, csrf: &str) -> Result<(), Trouble> {
        if bool::from(self.csrf.as_bytes().ct_eq(csrf.as_bytes())) {
            Ok(())
        } else {
            Err(Trouble::foreign_form())
        }
    }
}

/// The address that a request came from, as the API writes it.
pub(super) fn from(parts: &Parts) -> String {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or_else(
        || "unknown".to_owned(),
        |info| info.0.ip().to_canonical().to_string(),
    )
}

/// The cookie of a request, if it has one.
pub(super) fn cookie(parts: &Parts) -> Option<SecretString> {
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then(|| value.to_owned().into())
        })
}

/// What the browser is to keep, and for how long. Without a value it forgets.
pub(super) fn set_cookie(app: &App, secret: Option<&SecretString>) -> String {
    let secure = app
        .loaded()
        .config
        .public_url
        .as_deref()
        .is_some_and(|url| url.starts_with("https:"));
    let secure = if secure { "; Secure" } else { "" };
    let (value, age) = secret.map_or(("", 0), |secret| (secret.expose_secret(), LENGTH.as_secs()));
    format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

/// What forms carry: made from the cookie, which another site cannot read.
fn csrf(secret: &SecretString) -> String {
    let digest = Sha256::new()
        .chain_update(b"form of ")
        .chain_update(secret.expose_secret().as_bytes())
        .finalize();
    hex::encode(digest)
}
