//! Who asks, in the header of each request and nowhere else.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;

use crate::request::{Credentials, TokenStyle};
use crate::transport::process;

/// The credentials of one side, bound to the origin that they were given for.
#[derive(Debug)]
pub(super) struct Auth {
    /// Scheme, host and port that the token may be sent to.
    origin: String,
    user: Option<String>,
    state: Mutex<State>,
    /// Whether the helpers know what became of their credentials.
    told: AtomicBool,
}

#[derive(Debug, Clone)]
enum State {
    /// A user and a token or password, or a token alone: then the user only says who asks in errors.
    Basic {
        user: String,
        secret: SecretString,
        style: TokenStyle,
        from_helper: Option<Url>,
    },
    /// Nobody yet; helpers are asked once the server wants to know.
    Helpers,
    /// Nobody.
    Anonymous,
}

impl Auth {
    pub(super) fn new(url: &Url, user: Option<&str>, credentials: &Credentials) -> Self {
        let state = match credentials {
            Credentials::Helpers => State::Helpers,
            Credentials::Anonymous => State::Anonymous,
            Credentials::Token {
                user: given,
                token,
                style,
            } => {
                let user = given.as_deref().or(user).unwrap_or_else(|| convention(url));
                State::Basic {
                    user: user.to_owned(),
                    secret: token.clone(),
                    style: *style,
                    from_helper: None,
                }
            }
        };
        Self {
            origin: url.origin().ascii_serialization(),
            user: user.map(str::to_owned),
            state: Mutex::new(state),
            told: AtomicBool::new(false),
        }
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The user name that requests carry.
    pub(super) fn user(&self) -> Option<String> {
        match self.state() {
            State::Basic { user, .. } => Some(user),
            _ => None,
        }
    }

    /// Whether an address has the origin that this side was given, from which no redirect takes away what is shown there.
    pub(super) fn is_for(&self, url: &Url) -> bool {
        reaches(&self.origin, url)
    }

    /// The header for a request. None for another host than the credentials are for.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let State::Basic {
            user,
            secret,
            style,
            from_helper,
        } = self.state()
        else {
            return None;
        };
        let origin =
            from_helper.map_or_else(|| self.origin.clone(), |url| url.origin().ascii_serialization());
        if !reaches(&origin, url) {
            return None;
        }
        let secret = secret.expose_secret();
        let text = SecretString::from(match style {
            TokenStyle::Password => format!("Basic {}", base64(format!("{user}:{secret}").as_bytes())),
            TokenStyle::User => format!("Basic {}", base64(format!("{secret}:").as_bytes())),
            TokenStyle::Bearer => format!("Bearer {secret}"),
        });
        let mut value = HeaderValue::from_str(text.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The server wants credentials: asks the user's git credential helpers, never the user. Whether they knew some.
    pub(super) async fn ask_helpers(&self, url: &Url) -> bool {
        if !matches!(self.state(), State::Helpers) {
            return false;
        }
        let answer = credential("fill", &description(url, self.user.as_deref(), None)).await;
        let found = answer.as_deref().and_then(|answer| parse(answer, url));
        let state = match found {
            Some((user, secret)) => State::Basic {
                user,
                secret,
                style: TokenStyle::Password,
                from_helper: Some(url.clone()),
            },
            None => State::Anonymous,
        };
        let known = matches!(state, State::Basic { .. });
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        known
    }

    /// Tells the helpers what became of the credentials that they gave: `approve`, so that they keep them, or `reject`.
    pub(super) async fn tell_helpers(&self, action: &str) {
        if let State::Basic {
            user,
            secret,
            from_helper: Some(url),
            ..
        } = self.state()
        {
            if self.told.swap(true, Ordering::Relaxed) {
                return;
            }
            credential(action, &description(&url, Some(&user), Some(&secret))).await;
        }
    }
}

/// Whether what was given for an origin may be shown to this address. Moving on to encryption on the same host, as http:// addresses
/// of large hosts do, is no other host.
fn reaches(origin: &str, url: &Url) -> bool {
    let upgraded =
        url.scheme() == "https" && url.port().is_none() && origin == format!("http://{}", host(url));
    url.origin().ascii_serialization() == origin || upgraded
}

/// The user name that goes with a token at a host.
fn convention(url: &Url) -> &'static str {
    let host = url.host_str().unwrap_or_default();
    match host {
        _ if host.contains("github") => "x-access-token",
        _ if host.contains("gitlab") => "oauth2",
        _ if host.contains("bitbucket") => "x-token-auth",
        _ => "git",
    }
}

/// The input of git-credential(1). A value cannot start a line of its own: addresses with control characters are refused.
fn description(url: &Url, user: Option<&str>, secret: Option<&SecretString>) -> SecretString {
    let mut text = format!("protocol={}\nhost={}\n", url.scheme(), host(url));
    if let Some(user) = user {
        text.push_str(&format!("username={user}\n"));
    }
    if let Some(secret) = secret {
        text.push_str(&format!("password={}\n", secret.expose_secret()));
    }
    text.push('\n');
    text.into()
}

/// The host as git-credential(1) writes it: with its port, if the address names one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The user and the secret of an answer, if it is for the host that was asked for.
fn parse(answer: &str, url: &Url) -> Option<(String, SecretString)> {
    let value = |key: &str| {
        answer
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    let for_url = value("protocol")? == url.scheme() && value("host")? == host(url);
    for_url.then_some((
        value("username")?.to_owned(),
        value("password")?.to_owned().into(),
    ))
}

/// How long a helper may take: it may have to ask a service, but must not wait for a person.
const HELPER: Duration = Duration::from_secs(30);

/// Runs `git credential`. Secrets go through its input and output, and nobody is prompted.
async fn credential(action: &str, input: &SecretString) -> Option<String> {
    // Only `refsync sync` asks helpers, and has no other secrets than those that no child ever gets.
    let mut git = process::command("git", &BTreeSet::new());
    git.args(["-c", "core.askPass=", "credential", action]);
    git.env("GIT_TERMINAL_PROMPT", "0")
        .env("GCM_INTERACTIVE", "never");
    git.env_remove("GIT_ASKPASS").env_remove("SSH_ASKPASS");
    git.stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let run = async {
        let mut child = git.spawn().ok()?;
        let mut stdin = child.stdin.take()?;
        stdin.write_all(input.expose_secret().as_bytes()).await.ok()?;
        drop(stdin);
        child.wait_with_output().await.ok()
    };
    let output = tokio::time::timeout(HELPER, run).await.ok()??;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())
        .flatten()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(url: &str, user: Option<&str>) -> Auth {
        let credentials = Credentials::Token {
            user: user.map(str::to_owned),
            token: "s3cret".to_owned().into(),
            style: Default::default(),
        };
        Auth::new(&Url::parse(url).unwrap(), None, &credentials)
    }

    #[test]
    fn the_user_name_follows_the_host() {
        assert_eq!(
            auth("https://github.com/a/b", None).user().unwrap(),
            "x-access-token"
        );
        assert_eq!(
            auth("https://gitlab.example.org/a/b", None).user().unwrap(),
            "oauth2"
        );
        assert_eq!(
            auth("https://bitbucket.org/a/b", None).user().unwrap(),
            "x-token-auth"
        );
        assert_eq!(auth("https://git.example.org/a/b", None).user().unwrap(), "git");
        assert_eq!(auth("https://github.com/a/b", Some("me")).user().unwrap(), "me");
    }

    #[test]
    fn credentials_never_reach_another_host() {
        let auth = auth("https://host/a", None);
        assert!(
            auth.header(&Url::parse("https://host/b/info/refs").unwrap())
                .is_some()
        );
        for other in [
            "https://other/a",
            "http://host/a",
            "https://host:444/a",
            "https://host.evil/a",
        ] {
            assert!(auth.header(&Url::parse(other).unwrap()).is_none(), "{other}");
        }
    }

    #[test]
    fn credentials_follow_a_host_to_encryption_and_not_away_from_it() {
        let auth = auth("http://host/a", None);
        assert!(auth.header(&Url::parse("https://host/a").unwrap()).is_some());
        assert!(auth.header(&Url::parse("https://other/a").unwrap()).is_none());
        assert!(auth.header(&Url::parse("https://host:8443/a").unwrap()).is_none());
    }

    #[test]
    fn a_token_is_shown_as_the_host_takes_it() {
        let header = |style| {
            let credentials = Credentials::Token {
                user: Some("me".into()),
                token: "s3cret".to_owned().into(),
                style,
            };
            let url = Url::parse("https://host/a").unwrap();
            let header = Auth::new(&url, None, &credentials).header(&url).unwrap();
            assert!(header.is_sensitive());
            header.to_str().unwrap().to_owned()
        };
        let basic = |pair: &[u8]| format!("Basic {}", base64(pair));
        assert_eq!(header(TokenStyle::Password), basic(b"me:s3cret"));
        assert_eq!(header(TokenStyle::User), basic(b"s3cret:"));
        assert_eq!(header(TokenStyle::Bearer), "Bearer s3cret");
    }

    #[test]
    fn what_is_printed_of_credentials_holds_no_secret() {
        let auth = auth("https://host/a", None);
        let header = auth.header(&Url::parse("https://host/a").unwrap()).unwrap();
        assert!(!format!("{auth:?}{header:?}").contains("s3cret"));
        assert!(!format!("{header:?}").contains(&base64(b"git:s3cret")));
    }

    #[test]
    fn answers_of_git_credential_are_read_for_the_host_that_was_asked_for() {
        let url = Url::parse("https://h:8443/a").unwrap();
        let (user, secret) = parse("protocol=https\nhost=h:8443\nusername=me\npassword=a=b\n", &url).unwrap();
        assert_eq!((user.as_str(), secret.expose_secret()), ("me", "a=b"));
        assert!(parse("protocol=https\nhost=h:8443\nusername=me\n", &url).is_none());
        assert!(parse("protocol=https\nhost=other\nusername=me\npassword=a\n", &url).is_none());
    }
}
