//! What a test can ask about the requests that a server has seen.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::http::request::Parts;

/// The part of a request's body that is kept for tests to look at.
pub(crate) const KEPT_BODY: usize = 64 * 1024;

/// One request that the server has seen, at the moment of asking.
///
/// No field holds a secret: credentials are reduced to their scheme and user name.
#[derive(Clone)]
pub struct Request {
    /// Its place in the order of arrival, from 0.
    pub number: usize,
    /// Which TCP connection brought it, from 0 in the order of acceptance.
    pub connection: usize,
    /// 1 for HTTP/1.1 (and 1.0), 2 for HTTP/2.
    pub http: u8,
    /// `GET`, `POST`, ….
    pub method: String,
    /// The path with a leading `/`, as sent.
    pub path: String,
    /// What follows the `?`, empty without one.
    pub query: String,
    /// All headers, names in lower case; of `authorization` only the scheme.
    pub headers: Vec<(String, String)>,
    /// The user name of Basic credentials.
    pub user: Option<String>,
    /// The first 64 KiB of the body, as far as they have come, as sent (perhaps compressed).
    pub body: Vec<u8>,
    /// How many bytes of the body have come.
    pub body_length: u64,
    /// The status of the answer, once it has begun.
    pub status: Option<u16>,
}

impl Request {
    pub(crate) fn new(number: usize, connection: usize, parts: &Parts) -> Request {
        let mut headers = Vec::new();
        let mut user = None;
        for (name, value) in &parts.headers {
            let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if name == "authorization" {
                user = basic_user(&value);
                value.truncate(value.find(' ').unwrap_or(0));
            }
            headers.push((name.as_str().to_owned(), value));
        }
        Request {
            number,
            connection,
            http: if parts.version == hyper::Version::HTTP_2 {
                2
            } else {
                1
            },
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers,
            user,
            body: Vec::new(),
            body_length: 0,
            status: None,
        }
    }

    /// The first header of that name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it carried credentials of any kind.
    pub fn is_authorized(&self) -> bool {
        self.header("authorization").is_some()
    }

    /// Whether it is `GET …/info/refs?service=<service>`.
    pub fn is_discovery(&self, service: Service) -> bool {
        self.method == "GET"
            && self.path.ends_with("/info/refs")
            && self
                .query
                .split('&')
                .any(|pair| pair.strip_prefix("service=") == Some(service.name()))
    }

    /// Whether it is `POST …/<service>`.
    pub fn is_call(&self, service: Service) -> bool {
        self.method == "POST" && self.path.rsplit('/').next() == Some(service.name())
    }

    /// Whether the kept part of the body contains `bytes`.
    pub fn body_contains(&self, bytes: &[u8]) -> bool {
        self.body.windows(bytes.len()).any(|window| window == bytes)
    }

    pub(crate) fn add_body(&mut self, bytes: &[u8]) {
        let room = KEPT_BODY.saturating_sub(self.body.len());
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.body_length += bytes.len() as u64;
    }
}

fn basic_user(authorization: &str) -> Option<String> {
    let encoded = authorization.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(user, _)| user.to_owned())
}

impl fmt::Debug for Request {
    /// One line, for the message of a failed assertion.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request {
            number,
            connection,
            http,
            method,
            path,
            query,
            body_length,
            ..
        } = self;
        write!(
            f,
            "#{number} on connection {connection}, HTTP/{http}: {method} {path}?{query}, {body_length} bytes"
        )?;
        if let Some(scheme) = self.header("authorization") {
            write!(f, ", {scheme} credentials")?;
        }
        match self.status {
            Some(status) => write!(f, ", answered {status}"),
            None => write!(f, ", unanswered"),
        }
    }
}

/// The two services of a Git server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Reading: `git-upload-pack`.
    UploadPack,
    /// Writing: `git-receive-pack`.
    ReceivePack,
}

impl Service {
    /// The name in URLs and content types.
    pub fn name(self) -> &'static str {
        match self {
            Service::UploadPack => "git-upload-pack",
            Service::ReceivePack => "git-receive-pack",
        }
    }
}
