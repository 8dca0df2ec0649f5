//! The API as a program calls it: `REFSYNC_URL`, `REFSYNC_TOKEN`, and errors that say what to do.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod address;
mod error;
mod events;
mod follow;
mod pages;
mod problem;

pub(crate) use error::ClientError;
pub(crate) use follow::Update;
pub(crate) use pages::Whole;

/// The largest answer that is read.
const MAX_ANSWER: usize = 256 << 20;
/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait for an answer from the database.
const QUICK: Duration = Duration::from_secs(60);
/// How long to wait for an answer that needs the hosts' answers.
const SLOW: Duration = Duration::from_secs(15 * 60);

/// A client of one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// Where the server is, without a slash at its end.
    base: Url,
    token: Option<SecretString>,
}

/// One request: what is done to what.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    method: Method,
    /// The path under `/api/v1`, part by part, not escaped.
    path: Vec<&'a str>,
    query: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    if_match: Option<String>,
    patience: Duration,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: &[&'a str]) -> Self {
        Self {
            method,
            path: path.to_vec(),
            query: Vec::new(),
            body: None,
            if_match: None,
            patience: QUICK,
        }
    }

    /// Reads.
    pub(crate) fn get(path: &[&'a str]) -> Self {
        Self::new(Method::GET, path)
    }

    /// Does.
    pub(crate) fn post(path: &[&'a str]) -> Self {
        Self::new(Method::POST, path)
    }

    /// Replaces.
    pub(crate) fn put(path: &[&'a str]) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Removes.
    pub(crate) fn delete(path: &[&'a str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// With the fields of a value in its query. Fields that are `null` are left out.
    pub(crate) fn query<T: Serialize>(mut self, query: &T) -> Self {
        let fields = match serde_json::to_value(query) {
            Ok(serde_json::Value::Object(fields)) => fields,
            // Queries are structs of plain values: there is nothing else to say.
            _ => return self,
        };
        for (name, value) in fields {
            match value {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) => self.query.push((name, text)),
                other => self.query.push((name, other.to_string())),
            }
        }
        self
    }

    /// With a value as its body.
    pub(crate) fn json<T: Serialize>(self, body: &T) -> Result<Self, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::unwritable(&error))?;
        Ok(Self {
            body: Some(body),
            ..self
        })
    }

    /// Only if it still has that version.
    pub(crate) fn if_match(self, version: i64) -> Self {
        Self {
            if_match: Some(format!("\"{version}\"")),
            ..self
        }
    }

    /// For an answer that has to wait for the hosts' answers.
    pub(crate) fn slow(self) -> Self {
        Self {
            patience: SLOW,
            ..self
        }
    }
}

impl Client {
    /// The client of the server that the environment names.
    ///
    /// # Errors
    ///
    /// When the address or the token's file cannot be used.
    pub(crate) fn from_environment() -> Result<Self, ClientError> {
        let server = address::read(|name| std::env::var_os(name))?;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            // Credentials never follow a redirect; an API that moves is a mistake to be told.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("refsync/", env!("CARGO_PKG_VERSION")));
        if server.is_local() {
            builder = builder.no_proxy();
        }
        for certificate in server.certificates {
            builder = builder.add_root_certificate(certificate);
        }
        let http = builder
            .build()
            .map_err(|error| ClientError::Setup(error.to_string()))?;
        Ok(Self {
            http,
            base: server.url,
            token: server.token,
        })
    }

    /// The server's address, for people.
    pub(crate) fn address(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Calls, and reads the answer's JSON.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, ClientError> {
        let body = self.answer(call).await?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Unreadable {
            server: self.address(),
            reason: error.to_string(),
        })
    }

    /// Calls, where nothing but success is of interest.
    pub(crate) async fn tell(&self, call: Call<'_>) -> Result<(), ClientError> {
        self.answer(call).await.map(drop)
    }

    async fn answer(&self, call: Call<'_>) -> Result<Vec<u8>, ClientError> {
        let patience = call.patience;
        let request = self.request(call).timeout(patience);
        let response = self.send(request).await?;
        self.body(response).await
    }

    fn request(&self, call: Call<'_>) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self
            .http
            .request(call.method, url)
            .header(ACCEPT, "application/json, application/problem+json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, bearer(token));
        }
        if let Some(version) = call.if_match {
            request = request.header(IF_MATCH, version);
        }
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        request
    }

    /// Sends, and makes an error of everything but success.
    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request
            .send()
            .await
            .map_err(|error| ClientError::unreachable(&self.address(), &error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response).await.unwrap_or_default();
        Err(problem::read(
            status,
            &body,
            &self.address(),
            self.token.is_some(),
        ))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| ClientError::unreachable(&self.address(), &error))?
        {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(ClientError::Unreadable {
                    server: self.address(),
                    reason: format!("it is larger than {} MiB", MAX_ANSWER >> 20),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The header's value, which no log and no debugging output shows. [`address::read`] has checked its characters.
fn bearer(token: &SecretString) -> HeaderValue {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Whether the server does not know a path: it may be older.
fn is_unknown(error: &ClientError) -> bool {
    matches!(error, ClientError::Problem { status, .. } if *status == StatusCode::NOT_FOUND)
}
