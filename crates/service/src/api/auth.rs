//! Who asks: a token in `Authorization: Bearer`. Its text is looked up by its hash; nothing compares texts.
//!
//! Addresses that try wrong tokens wait. A token that was right a moment ago passes all the same, so that nobody behind a common proxy is locked out by a
//! neighbour.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::rate::{Buckets, Client, Rate};
use super::refusal::Refusal;
use crate::app::App;
use crate::ops::Caller;

/// Wrong tokens of one address: ten at once, then one in six seconds.
const WRONG: Rate = Rate {
    each_second: 1.0 / 6.0,
    burst: 10.0,
};

/// How many right tokens are remembered.
const KNOWN: usize = 10_000;

/// The longest path with its query.
const URI: usize = 8 * 1024;

/// What the door remembers.
#[derive(Debug, Default)]
pub(super) struct Door {
    wrong: Buckets<Client>,
    asked: Buckets<Client>,
    known: Mutex<HashSet<[u8; 32]>>,
}

/// Lets in who has a token, and tells the handlers who it is.
pub(super) async fn enter(
    State((app, door)): State<(Arc<App>, Arc<Door>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let asked = Asked::of(&request);
    let response = match door.admit(&app, asked).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    app.metrics.api_answered(&method, response.status().as_u16());
    response
}

/// What the door looks at.
struct Asked {
    address: IpAddr,
    token: Option<SecretString>,
    is_too_long: bool,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let uri = request.uri();
        Self {
            address: peer.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(peer)| peer.ip()),
            token: bearer(request.headers()),
            is_too_long: uri.path().len() + uri.query().map_or(0, str::len) > URI,
        }
    }
}

impl Door {
    async fn admit(&self, app: &App, asked: Asked) -> Result<Caller, Refusal> {
        if asked.is_too_long {
            let detail = format!("a path has at most {URI} bytes, its query with it");
            return Err(Refusal::new(
                StatusCode::URI_TOO_LONG,
                "too-long",
                "The path is too long",
                detail,
            ));
        }
        let address = asked.address;
        let client = Client::at(address);
        let Some(text) = asked.token else {
            self.limit(app, client)?;
            return Err(Refusal::unauthorized(
                "give a token in the header `Authorization: Bearer refsync_…`",
            ));
        };
        let caller = self.token(app, client, &text, address).await?;
        self.limit(app, Client::Token(caller.token.id.clone()))?;
        Ok(caller)
    }

    async fn token(
        &self,
        app: &App,
        client: Client,
        text: &SecretString,
        address: IpAddr,
    ) -> Result<Caller, Refusal> {
        let hash: [u8; 32] = Sha256::digest(text.expose_secret().as_bytes()).into();
        let now = Instant::now();
        let is_known = self.known().contains(&hash);
        let wait = self.wrong.wait(&client, WRONG, now);
        if !is_known && !wait.is_zero() {
            return Err(Refusal::too_often(
                "too many wrong tokens came from your address",
                wait,
            ));
        }
        if let Some(token) = app.store.token(text, app.store.now()).await? {
            let mut known = self.known();
            if known.len() >= KNOWN {
                known.clear();
            }
            known.insert(hash);
            return Ok(Caller {
                token,
                from: address.to_canonical().to_string(),
            });
        }
        self.known().remove(&hash);
        // Whether it was the last one is told by the next.
        let _ = self.wrong.take(client, WRONG, now);
        Err(Refusal::unauthorized(
            "this token is not valid: it may have expired or been revoked",
        ))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limit(&self, app: &App, client: Client) -> Result<(), Refusal> {
        let rate = f64::from(app.loaded().config.limits.rate.max(1));
        let rate = Rate {
            each_second: rate,
            burst: rate,
        };
        self.asked
            .take(client, rate, Instant::now())
            .map_err(|wait| Refusal::too_often("too many requests: ask less often", wait))
    }
}

/// The token of a request. Texts that no token has are given on: they are wrong tokens.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = value.split_once(' ')?;
    let text = text.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !text.is_empty() && text.len() <= 200).then(|| text.into())
}
