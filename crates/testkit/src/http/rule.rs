//! How a server departs from plain `git http-backend`.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use crate::gate::Gate;
use crate::http::request::{Request, Service};

/// Which requests a rule is about.
#[derive(Clone)]
pub struct When {
    test: Arc<dyn Fn(&Request) -> bool + Send + Sync>,
}

impl When {
    /// Any request for which `test` holds. The body has not been read yet.
    pub fn is(test: impl Fn(&Request) -> bool + Send + Sync + 'static) -> When {
        When { test: Arc::new(test) }
    }

    /// Every request.
    pub fn any() -> When {
        When::is(|_| true)
    }

    /// `GET …/info/refs?service=<service>`.
    pub fn discovery(service: Service) -> When {
        When::is(move |request| request.is_discovery(service))
    }

    /// `POST …/<service>`.
    pub fn call(service: Service) -> When {
        When::is(move |request| request.is_call(service))
    }

    /// Every request of a service, discovery and calls.
    pub fn service(service: Service) -> When {
        When::is(move |request| request.is_discovery(service) || request.is_call(service))
    }

    /// Also only below this path, for instance `/source.git`.
    #[must_use]
    pub fn under(self, path: &str) -> When {
        let path = path.to_owned();
        self.and(move |request| {
            request
                .path
                .strip_prefix(&path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Also only if `test` holds.
    #[must_use]
    pub fn and(self, test: impl Fn(&Request) -> bool + Send + Sync + 'static) -> When {
        When::is(move |request| (self.test)(request) && test(request))
    }

    pub(crate) fn holds(&self, request: &Request) -> bool {
        (self.test)(request)
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("When(..)")
    }
}

/// What happens to a request. The first rule that answers ends it; the others let it go on to the next
/// rule, and in the end to git.
#[derive(Clone)]
pub enum Then {
    /// Answers without asking git.
    Answer(Answer),
    /// Answers with a redirect to the same path and query at another base (`https://host:port`).
    Redirect {
        /// 301, 302, 307 or 308.
        status: u16,
        /// What stands before the path.
        base: String,
    },
    /// Answers 200 with the content type that belongs to the request, and no byte: what a v0-only server
    /// makes of an optimistic `ls-refs`.
    NoByte,
    /// Closes the connection (HTTP/1.1) or the stream (HTTP/2) without an answer.
    HangUp,
    /// Answers 401 unless the request carries these credentials.
    Authorize(Credentials),
    /// Answers 411 to a `POST` whose length is not told beforehand.
    RefuseChunked,
    /// Answers 413 to a body of more bytes, as soon as it is known. Smaller bodies are held in memory until
    /// they are whole, as a buffering reverse proxy does.
    LimitBody(usize),
    /// Answers with this status to a `POST` whose content type is not exactly the service's (Gitea: 400,
    /// Gogs: 401).
    StrictContentType(u16),
    /// Goes on without the `Git-Protocol` header, so that git speaks version 0.
    Version0,
    /// Goes on with a git setting (`key`, `value`).
    Setting(&'static str, String),
    /// Waits, before git is started, until the gate opens.
    Hold(Gate),
    /// Waits, after git has begun to answer and before the answer's first byte, until the gate opens.
    HoldAnswer(Gate),
    /// Breaks the connection (or the stream) after so many bytes of git's answer.
    CutAnswer(usize),
    /// Does something, before git is started: for instance moves a reference.
    Call(Arc<dyn Fn() + Send + Sync>),
}

impl Then {
    /// An answer with this status and nothing else.
    pub fn status(status: u16) -> Then {
        Then::Answer(Answer::status(status))
    }

    /// A redirect to exactly this URL.
    pub fn redirect_to(status: u16, url: &str) -> Then {
        Then::Answer(Answer::status(status).header("location", url))
    }

    /// An HTML page with status 200, as of a login form.
    pub fn html_page() -> Then {
        let page = "<!DOCTYPE html><title>Sign in</title><form action=\"/login\"></form>";
        Then::Answer(
            Answer::status(200)
                .header("content-type", "text/html; charset=utf-8")
                .body(page),
        )
    }

    /// Runs `action` before git is started. It may block.
    pub fn call(action: impl Fn() + Send + Sync + 'static) -> Then {
        Then::Call(Arc::new(action))
    }
}

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Then(..)")
    }
}

/// An answer that does not come from git.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) after_body: bool,
}

impl Answer {
    /// An empty answer with this status, given before the request's body is read: over HTTP/1.1 the
    /// connection is then closed, and a client that is still writing may see only a broken pipe.
    pub fn status(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            after_body: false,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Answer {
        self.body = body.into();
        self
    }

    /// Given only when the request's body has been read to its end.
    #[must_use]
    pub fn after_body(mut self) -> Answer {
        self.after_body = true;
        self
    }
}

/// Credentials that a server asks for.
#[derive(Clone)]
pub struct Credentials {
    header: String,
    challenge: &'static str,
}

impl Credentials {
    /// `Basic` with a user name and a password (RFC 7617).
    pub fn basic(user: &str, password: &str) -> Credentials {
        let header = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        Credentials {
            header,
            challenge: "Basic realm=\"testkit\"",
        }
    }

    /// `Bearer` with a token (RFC 6750).
    pub fn bearer(token: &str) -> Credentials {
        Credentials {
            header: format!("Bearer {token}"),
            challenge: "Bearer realm=\"testkit\"",
        }
    }

    pub(crate) fn are(&self, header: Option<&[u8]>) -> bool {
        header == Some(self.header.as_bytes())
    }

    pub(crate) fn refusal(&self) -> Answer {
        Answer::status(401).header("www-authenticate", self.challenge)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, ..)", self.challenge)
    }
}

/// One rule of a server.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) when: When,
    pub(crate) then: Then,
    /// How often it still applies; `None` for always.
    pub(crate) times: Option<usize>,
}
