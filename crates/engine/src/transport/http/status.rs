//! What an HTTP answer means when it is not the expected one.

use std::time::{Duration, SystemTime};

use gitwire::greeting::Service;
use gitwire::message::sanitize;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use reqwest::{Response, Url};

use super::resolve::Refused;
use crate::error::Fault;
use crate::transport::incoming::root_cause;

/// How much of an error's body is read for its words.
const MAX_BODY: usize = 4096;

/// How long the words of an error are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Names of the pages and hosts where people sign in.
const LOGIN: &[&str] = &[
    "login",
    "log-in",
    "signin",
    "sign_in",
    "sign-in",
    "auth",
    "authorize",
    "oauth",
    "oauth2",
    "saml",
    "saml2",
    "sso",
    "session",
    "session_new",
    "accounts",
];

/// Gives the response back if it is the answer of a Git service, or says what it is instead.
pub(super) async fn check(
    response: Response,
    service: Service,
    kind: &str,
    user: Option<String>,
) -> Result<Response, Fault> {
    let status = response.status();
    if status == StatusCode::OK {
        return content(response, service, kind);
    }
    if status.is_redirection() {
        let from = response.url().clone();
        let to = location(response.headers(), &from);
        return Err(match to {
            Some(to) => rebase(&from, &to, service).err().unwrap_or(Fault::Redirect {
                location: plain(&to),
                reason: "it came in the middle of the exchange",
            }),
            None => Fault::Status {
                status: status.as_u16(),
                message: "a redirect without an address".into(),
            },
        });
    }
    let retry_after = retry_after(response.headers());
    let message = words(response).await;
    Err(fault(status, message, user, retry_after))
}

fn content(response: Response, service: Service, kind: &str) -> Result<Response, Fault> {
    let expected = format!("application/x-{}-{kind}", service.name());
    let found = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let bare = found.split(';').next().unwrap_or_default().trim();
    if bare.eq_ignore_ascii_case(&expected) {
        return Ok(response);
    }
    let found = match bare {
        "text/html" if is_login(response.url()) => {
            return Err(Fault::LoginPage {
                location: plain(response.url()),
            });
        }
        "text/html" => "it answers with a web page (text/html)".into(),
        "text/plain" if kind == "advertisement" => "it serves files only (the dumb HTTP protocol)".into(),
        "" => "its answer has no content type".into(),
        other => format!("its answer is of type {}", sanitize(other)),
    };
    Err(Fault::NotGit { found })
}

fn fault(status: StatusCode, message: String, user: Option<String>, retry_after: Option<Duration>) -> Fault {
    match status.as_u16() {
        401 => Fault::Unauthorized { user, message },
        403 => Fault::Forbidden { user, message },
        404 | 410 => Fault::NotFound { message },
        411 => Fault::LengthRequired,
        413 => Fault::TooLarge { message },
        status @ (429 | 503) => Fault::Busy {
            status,
            retry_after,
            message,
        },
        status => Fault::Status { status, message },
    }
}

/// The first lines of an error's body, if they are for people and not a page. Some servers end the body of an error only when
/// they close the connection: nobody waits for that.
async fn words(mut response: Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE);
    if !kind.is_some_and(|value| value.as_bytes().starts_with(b"text/plain")) {
        return String::new();
    }
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(MAX_BODY - body.len())]);
            if body.len() >= MAX_BODY {
                break;
            }
        }
    };
    // What came until then has to do.
    let _ = tokio::time::timeout(PATIENCE, reading).await;
    let lines = body
        .split(|byte| *byte == b'\n')
        .map(sanitize)
        .filter(|line| !line.trim().is_empty());
    lines.take(3).collect::<Vec<_>>().join(" ")
}

/// `Retry-After` of RFC 9110, in either form, a day at most.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let after = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(value)
            .ok()?
            .duration_since(SystemTime::now())
            .unwrap_or_default(),
    };
    Some(after.min(Duration::from_secs(24 * 3600)))
}

fn location(headers: &HeaderMap, from: &Url) -> Option<Url> {
    from.join(headers.get(LOCATION)?.to_str().ok()?).ok()
}

/// The address of the repository that a redirect of `info/refs` leads to.
pub(super) fn rebase(from: &Url, to: &Url, service: Service) -> Result<Url, Fault> {
    let refused = |reason| Fault::Redirect {
        location: plain(to),
        reason,
    };
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(refused("it leaves encryption"));
    }
    if !matches!(to.scheme(), "http" | "https") {
        return Err(refused("it is not HTTP"));
    }
    let base = to.path().strip_suffix("/info/refs");
    let asked = to.query() == Some(&format!("service={}", service.name()));
    match base {
        Some(path) if asked => {
            let mut base = to.clone();
            base.set_path(path);
            base.set_query(None);
            base.set_fragment(None);
            // A user or a password in a redirect would be somebody else's.
            let cleared = base.set_username("").and_then(|()| base.set_password(None));
            cleared
                .map(|()| base)
                .map_err(|()| refused("it is no address of a repository"))
        }
        _ if is_login(to) => Err(Fault::LoginPage { location: plain(to) }),
        _ => Err(refused("it is no address of a repository")),
    }
}

fn is_login(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().split('.');
    let path = url
        .path()
        .split('/')
        .map(|part| part.split('.').next().unwrap_or(part));
    host.chain(path)
        .any(|part| LOGIN.contains(&part.to_lowercase().as_str()))
}

/// An address without what may hold a secret.
fn plain(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Why a request got no answer.
pub(super) fn unsent(error: &reqwest::Error, url: &Url) -> Fault {
    let host = url.host_str().unwrap_or_default().to_owned();
    let address = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
    let reason = root_cause(error);
    if let Some(refused) = refused(error) {
        return refused;
    }
    match () {
        () if error.is_dns() || reason.contains("failed to lookup address") => Fault::HostNotFound { host },
        () if is_io(error, std::io::ErrorKind::ConnectionRefused) => {
            Fault::ConnectionRefused { host: address }
        }
        () if is_tls(error, &reason) => Fault::Tls { host, reason },
        () if error.is_connect() => Fault::Connect {
            host: address,
            reason,
        },
        () => Fault::HungUp { message: reason },
    }
}

/// A host that may not be reached.
fn refused(error: &reqwest::Error) -> Option<Fault> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(Refused(Fault::OutOfReach { host, reason })) = inner.downcast_ref::<Refused>() {
            return Some(Fault::OutOfReach {
                host: host.clone(),
                reason,
            });
        }
        cause = inner.source();
    }
    None
}

fn is_io(error: &reqwest::Error, kind: std::io::ErrorKind) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == kind)
        {
            return true;
        }
        cause = inner.source();
    }
    false
}

fn is_tls(error: &reqwest::Error, reason: &str) -> bool {
    let reason = reason.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    match error.is_connect() {
        true => has(&["certificate", "tls", "handshake", "corrupt message"]),
        // With TLS 1.3 a server says only after the handshake that it wants a certificate of its clients, or another one (RFC 8446, 4.4.2.4).
        false => reason.contains("fatal alert") && has(&["certificate", "unknownca"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    const FROM: &str = "https://host/a.git/info/refs?service=git-upload-pack";

    #[test]
    fn a_redirect_of_the_listing_moves_the_repository() {
        let to = url("https://me:pw@new/b.git/info/refs?service=git-upload-pack");
        assert_eq!(
            rebase(&url(FROM), &to, Service::UploadPack).unwrap().as_str(),
            "https://new/b.git"
        );
    }

    #[test]
    fn other_redirects_are_refused_in_their_own_words() {
        let fault = |to| rebase(&url(FROM), &url(to), Service::UploadPack).unwrap_err();
        assert!(
            matches!(fault("https://host/users/sign_in?back=x"), Fault::LoginPage { location } if !location.contains("back"))
        );
        assert!(matches!(
            fault("http://host/a.git/info/refs?service=git-upload-pack"),
            Fault::Redirect { .. }
        ));
        assert!(matches!(fault("https://host/elsewhere"), Fault::Redirect { .. }));
        assert!(matches!(fault("file:///etc/passwd"), Fault::Redirect { .. }));
    }

    #[test]
    fn the_server_says_when_to_come_back() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "120".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(120)));
        headers.insert(RETRY_AFTER, "999999999".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(86400)));
        headers.insert(RETRY_AFTER, "soon".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }
}
