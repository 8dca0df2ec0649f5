//! Calls of a host's API. The token goes into one header of one request to one host: redirects are not followed.

use std::time::Duration;

use config::Credential;
use gitwire::message::sanitize;
use hosts::setup::Call;
use reqwest::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, Identity, Method, Proxy, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// The most bytes of an answer.
const MAX_ANSWER: usize = 4 << 20;

/// The most characters of a host's own message that are shown.
const MAX_MESSAGE: usize = 300;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls one host with one token.
pub(super) struct Client {
    http: reqwest::Client,
    token: SecretString,
    secret: SecretString,
}

impl Client {
    /// A client that trusts, proves itself and goes through a proxy as the credential says.
    pub(super) async fn new(
        credential: &Credential,
        token: SecretString,
        secret: SecretString,
    ) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("refsync/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(TIMEOUT);
        if let Some(path) = &credential.ca_file {
            let found = Certificate::from_pem_bundle(&read(path).await?);
            let found = found.map_err(|_| format!("{} holds no certificate in PEM", path.display()))?;
            builder = builder.tls_certs_merge(found);
        }
        if let Some(path) = &credential.client_cert {
            let found = Identity::from_pem(&read(path).await?);
            let found =
                found.map_err(|_| format!("{} holds no certificate with its key in PEM", path.display()))?;
            builder = builder.identity(found);
        }
        if let Some(proxy) = &credential.proxy {
            let proxy = Proxy::all(proxy)
                .map_err(|_| "the address of the proxy is none: write http://host:port".to_owned())?;
            builder = builder.proxy(proxy);
        }
        let http = builder
            .build()
            .map_err(|error| format!("cannot set up HTTP: {}", sanitize(error.to_string())))?;
        Ok(Self { http, token, secret })
    }

    /// Makes a call and reads its answer. Errors say host, what happened and what to do.
    pub(super) async fn call(&self, call: &Call) -> Result<Value, String> {
        let url = Url::parse(&call.url)
            .map_err(|_| "the address of the API is none: look at `api` of the credential".to_owned())?;
        let place = format!("{} {}", call.method, at(&url));
        let method =
            Method::from_bytes(call.method.as_bytes()).map_err(|error| format!("{place}: {error}"))?;
        let mut request = self.http.request(method, url);
        let (name, before) = call.token_header;
        request = request.header(HeaderName::from_static(name), self.token_value(before)?);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = self.body(call)? {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| format!("{place}: {}", cause(&error)))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = bounded(response).await.map_err(|why| format!("{place}: {why}"))?;
        if status.is_success() {
            return match body.iter().all(u8::is_ascii_whitespace) {
                true => Ok(Value::Null),
                false => serde_json::from_slice(&body).map_err(|_| {
                    format!(
                        "{place}: the answer is not JSON: is this the API? Look at `api` of the credential"
                    )
                }),
            };
        }
        let mut text = format!("{place}: {status}{}", self.message(&body));
        if let Some(hint) = hint(status) {
            text.push_str(hint);
        }
        if let Some(location) = headers
            .get(LOCATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|to| Url::parse(to).ok())
        {
            text.push_str(&format!(
                " (it points to {}; set `api` or the mirror's address)",
                at(&location)
            ));
        }
        if let Some(after) = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) {
            text.push_str(&format!(" (try again after {} seconds)", sanitize(after)));
        }
        Err(text)
    }

    fn token_value(&self, before: &str) -> Result<HeaderValue, String> {
        let text = format!("{before}{}", self.token.expose_secret());
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            "hookToken holds a line break or another character that no header can hold".to_owned()
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The body with the secret in its place.
    fn body(&self, call: &Call) -> Result<Option<Vec<u8>>, String> {
        let Some(mut body) = call.body.clone() else {
            return Ok(None);
        };
        if let Some((parent, name)) = call.secret_at.and_then(|pointer| pointer.rsplit_once('/')) {
            let parent = body.pointer_mut(parent).and_then(Value::as_object_mut);
            let parent = parent.ok_or_else(|| "the hook has no place for its secret".to_owned())?;
            parent.insert(
                name.to_owned(),
                Value::String(self.secret.expose_secret().to_owned()),
            );
        }
        serde_json::to_vec(&body)
            .map(Some)
            .map_err(|error| error.to_string())
    }

    /// The host's own words, if it says any, without what was told in confidence.
    fn message(&self, body: &[u8]) -> String {
        let said = serde_json::from_slice::<Value>(body).ok().and_then(|body| {
            let place = ["/message", "/error", "/error/message", "/errors/0/message"];
            place
                .iter()
                .find_map(|at| body.pointer(at)?.as_str().map(str::to_owned))
        });
        let Some(said) = said else {
            return String::new();
        };
        let hidden = said
            .replace(self.token.expose_secret(), "[hidden]")
            .replace(self.secret.expose_secret(), "[hidden]");
        let short: String = hidden.chars().take(MAX_MESSAGE).collect();
        format!(": {}", sanitize(short))
    }
}

fn hint(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED => Some(" (hookToken is wrong or has expired)"),
        StatusCode::FORBIDDEN => Some(" (hookToken may not manage this repository's hooks)"),
        StatusCode::NOT_FOUND => {
            Some(" (there is no such repository, or hookToken may not see it or its hooks)")
        }
        _ => None,
    }
}

/// Scheme, host and path, for messages: no query, no user.
fn at(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let host = url.host_str().unwrap_or_default();
    sanitize(format!("{}://{host}{port}{}", url.scheme(), url.path()))
}

/// The innermost cause: reqwest's own words repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    if error.is_timeout() {
        return format!("no answer within {} seconds", TIMEOUT.as_secs());
    }
    sanitize(inner.to_string())
}

async fn bounded(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(format!("the answer is larger than {MAX_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn read(path: &std::path::Path) -> Result<Vec<u8>, String> {
    tokio::fs::read(path)
        .await
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}
