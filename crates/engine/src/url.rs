//! Addresses of repositories.

use std::fmt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use gix_url::Scheme;
use percent_encoding::percent_decode_str;
use reqwest::Url;

/// The address of a repository, in any of the forms of git-clone(1). It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteUrl {
    /// `https://` or `http://`.
    Http {
        /// The address, without user and password.
        url: Url,
        /// The user name, if the address holds one.
        user: Option<String>,
    },
    /// `ssh://` or scp-like `git@host:path`.
    Ssh(SshAddress),
    /// `git://`, which can only be read.
    Git {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The path, with its leading `/`.
        path: String,
    },
    /// A path of this machine, or `file://`.
    Local(PathBuf),
}

/// An address behind ssh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshAddress {
    /// The user, if the address names one.
    pub user: Option<String>,
    /// The host, or an alias of `ssh_config(5)`.
    pub host: String,
    /// The port, if the address names one.
    pub port: Option<u16>,
    /// The path as the remote's shell gets it, before quoting.
    pub path: String,
    text: String,
}

impl SshAddress {
    /// `user@host` or `host`: what ssh is told.
    pub fn destination(&self) -> String {
        match &self.user {
            Some(user) => format!("{user}@{}", self.host),
            None => self.host.clone(),
        }
    }
}

/// Why a text is no address of a repository. The text itself is not repeated: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing was given.
    #[error("the address is empty")]
    Empty,
    /// An expression that a pipeline left unresolved.
    #[error("the address holds `<+`: an expression that was not resolved")]
    Unresolved,
    /// The address holds a password or token.
    #[error("the address holds a password: take it out, and give it in {0}_TOKEN or --{1}-token-file", .side.to_uppercase(), .side)]
    Password {
        /// `source` or `target`.
        side: String,
    },
    /// The address has a query or a fragment.
    #[error("the address has a query or a fragment (? or #), which Git's do not have")]
    Query,
    /// It cannot be read.
    #[error("not an address of a repository: {0}")]
    Malformed(String),
    /// Git knows it, refsync does not.
    #[error("{0} is not supported: use https, http, ssh, git, file or a local path")]
    Scheme(String),
    /// A part starts with `-`, which a program could take for an option.
    #[error("the {0} starts with `-`, which a program could take for an option")]
    Option(&'static str),
}

impl RemoteUrl {
    /// Reads the address of the side with this name, which appears in errors.
    pub fn parse(text: &str, side: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.is_empty() || text == "null" {
            return Err(UrlError::Empty);
        }
        if text.contains("<+") {
            return Err(UrlError::Unresolved);
        }
        if text.contains(['\n', '\r', '\0']) {
            return Err(UrlError::Malformed("it holds a line break or a NUL".into()));
        }
        let lower = text
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        match lower.as_deref() {
            Some("http" | "https") => http(text, side),
            scheme => other(text, scheme, side),
        }
    }

    /// Whether references can be written there.
    pub fn is_writable(&self) -> bool {
        !matches!(self, Self::Git { .. })
    }

    /// The host, in lower case; `None` for a local path.
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Http { url, .. } => url.host_str().map(str::to_owned),
            Self::Ssh(address) => Some(address.host.to_ascii_lowercase()),
            Self::Git { host, .. } => Some(host.to_ascii_lowercase()),
            Self::Local(_) => None,
        }
    }
}

fn http(text: &str, side: &str) -> Result<RemoteUrl, UrlError> {
    let mut url = Url::parse(text).map_err(|error| UrlError::Malformed(error.to_string()))?;
    if url.password().is_some() {
        return Err(UrlError::Password { side: side.into() });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(UrlError::Query);
    }
    let user = user(url.username(), side)?;
    if url.host_str().is_none_or(str::is_empty) || url.set_username("").is_err() {
        return Err(UrlError::Malformed("it has no host".into()));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(RemoteUrl::Http { url, user })
}

/// How tokens of hosts start. In the place of a user name they are what they are.
const TOKENS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "ATBB",
    "ATCTT",
    "pat.",
];

/// The user name of an address. It goes into a header and into the input of git-credential(1), so it is one line without a colon.
fn user(encoded: &str, side: &str) -> Result<Option<String>, UrlError> {
    let malformed = || UrlError::Malformed("its user name holds what no user name holds".into());
    let user = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| malformed())?;
    if TOKENS.iter().any(|token| user.starts_with(token)) {
        return Err(UrlError::Password { side: side.into() });
    }
    if user.contains(|c: char| c.is_control() || c == ':') {
        return Err(malformed());
    }
    Ok(Some(user.into_owned()).filter(|user| !user.is_empty()))
}

fn other(text: &str, scheme: Option<&str>, side: &str) -> Result<RemoteUrl, UrlError> {
    let normal = match (scheme, text.split_once("://")) {
        (Some(scheme), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => text.to_owned(),
    };
    let url = gix_url::parse(normal.as_str())
        .map_err(|_| UrlError::Malformed("Git does not understand it".into()))?;
    if url.password.is_some() {
        return Err(UrlError::Password { side: side.into() });
    }
    let path = url
        .path
        .to_str()
        .map_err(|_| UrlError::Malformed("its path is not UTF-8".into()))?
        .to_owned();
    match &url.scheme {
        Scheme::File => local(&path, scheme.is_some()),
        Scheme::Git => {
            let host = safe_host(&url)?.trim_matches(['[', ']']).to_owned();
            Ok(RemoteUrl::Git {
                host,
                port: url.port.unwrap_or(9418),
                path,
            })
        }
        Scheme::Ssh => ssh(&url, &path),
        Scheme::Http | Scheme::Https | Scheme::Ext | Scheme::Helper(_) | Scheme::HelperUrl(_) => {
            Err(UrlError::Scheme(url.scheme.as_str().to_owned()))
        }
    }
}

/// A path, which is percent-encoded in a `file://` address.
fn local(path: &str, encoded: bool) -> Result<RemoteUrl, UrlError> {
    let malformed = || UrlError::Malformed("its path is not UTF-8".into());
    let path = match encoded {
        true => percent_decode_str(path).decode_utf8().map_err(|_| malformed())?,
        false => path.into(),
    };
    std::path::absolute(Path::new(&*path))
        .map(RemoteUrl::Local)
        .map_err(|_| UrlError::Empty)
}

fn safe_host(url: &gix_url::Url) -> Result<String, UrlError> {
    match url.host_as_argument() {
        gix_url::ArgumentSafety::Usable(host) => Ok(host.to_owned()),
        gix_url::ArgumentSafety::Absent => Err(UrlError::Malformed("it has no host".into())),
        gix_url::ArgumentSafety::Dangerous(_) => Err(UrlError::Option("host")),
    }
}

fn ssh(url: &gix_url::Url, path: &str) -> Result<RemoteUrl, UrlError> {
    let host = safe_host(url)?;
    if matches!(url.user_as_argument(), gix_url::ArgumentSafety::Dangerous(_)) {
        return Err(UrlError::Option("user"));
    }
    // As git does: `ssh://host/~user/x` means the home of that user, not a directory called `~user`.
    let path = path
        .strip_prefix('/')
        .filter(|rest| rest.starts_with('~'))
        .unwrap_or(path);
    if path.starts_with('-') {
        return Err(UrlError::Option("path"));
    }
    if path.is_empty() {
        return Err(UrlError::Malformed("it has no path".into()));
    }
    let address = SshAddress {
        user: url.user.clone(),
        host,
        port: url.port,
        path: path.to_owned(),
        text: url.to_bstring().to_string(),
    };
    Ok(RemoteUrl::Ssh(address))
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => write!(f, "{url}"),
            Self::Ssh(address) => f.write_str(&address.text),
            Self::Git { host, port, path } => {
                let host = if host.contains(':') {
                    format!("[{host}]")
                } else {
                    host.clone()
                };
                match port {
                    9418 => write!(f, "git://{host}{path}"),
                    port => write!(f, "git://{host}:{port}{path}"),
                }
            }
            Self::Local(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RemoteUrl, UrlError> {
        RemoteUrl::parse(text, "source")
    }

    fn ssh(text: &str) -> SshAddress {
        match parse(text).unwrap() {
            RemoteUrl::Ssh(address) => address,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_form_of_git_clone_is_read() {
        assert_eq!(
            parse("https://host/acme/app.git").unwrap().to_string(),
            "https://host/acme/app.git"
        );
        assert_eq!(
            parse("HTTPS://Host/app.git/").unwrap().to_string(),
            "https://host/app.git"
        );
        assert_eq!(parse("git://host/app").unwrap().to_string(), "git://host/app");
        assert_eq!(
            parse("/srv/app.git").unwrap(),
            RemoteUrl::Local("/srv/app.git".into())
        );
        assert_eq!(
            parse("file:///srv/app.git").unwrap(),
            RemoteUrl::Local("/srv/app.git".into())
        );
        assert!(matches!(parse("./app.git").unwrap(), RemoteUrl::Local(path) if path.is_absolute()));
    }

    #[test]
    fn ssh_addresses_keep_what_the_remote_needs() {
        let scp = ssh("git@host:acme/app.git");
        assert_eq!(
            (scp.destination().as_str(), scp.port, scp.path.as_str()),
            ("git@host", None, "acme/app.git")
        );
        let full = ssh("ssh://git@host:2222/srv/app.git");
        assert_eq!((full.port, full.path.as_str()), (Some(2222), "/srv/app.git"));
        assert_eq!(ssh("ssh://host/~me/app.git").path, "~me/app.git");
    }

    #[test]
    fn a_user_name_is_taken_out_and_a_password_refused_unseen() {
        let RemoteUrl::Http { url, user } = parse("https://me%40corp+x@host/app").unwrap() else {
            panic!()
        };
        assert_eq!(
            (url.as_str(), user.as_deref()),
            ("https://host/app", Some("me@corp+x"))
        );
        for text in ["https://me:s3cret@host/app", "ssh://me:s3cret@host/app"] {
            let error = parse(text).unwrap_err();
            assert!(
                !error.to_string().contains("s3cret") && error.to_string().contains("SOURCE_TOKEN"),
                "{error}"
            );
        }
        assert_eq!(
            parse("https://host/app?private_token=x").unwrap_err(),
            UrlError::Query
        );
    }

    #[test]
    fn a_user_name_cannot_speak_to_git_credential() {
        for text in [
            "https://x%0Aurl%3Dhttps%3A%2F%2Fgithub.com@evil/r",
            "https://x%0d@h/r",
            "https://x%00@h/r",
            "https://x%3Ay@h/r",
        ] {
            assert!(matches!(parse(text), Err(UrlError::Malformed(_))), "{text}");
        }
        let RemoteUrl::Http { user, .. } = parse("https://a&b=c@h/r").unwrap() else {
            panic!()
        };
        assert_eq!(user.as_deref(), Some("a&b=c"));
    }

    #[test]
    fn a_file_address_is_percent_encoded_and_a_path_is_not() {
        assert_eq!(
            parse("file:///srv/a%20b.git").unwrap(),
            RemoteUrl::Local("/srv/a b.git".into())
        );
        assert_eq!(
            parse("/srv/a%20b.git").unwrap(),
            RemoteUrl::Local("/srv/a%20b.git".into())
        );
    }

    #[test]
    fn options_helpers_and_unresolved_expressions_are_refused() {
        for text in [
            "",
            "null",
            "<+input>",
            "ssh://-oProxyCommand=x/app",
            "-oProxyCommand=x:app",
            "ext::sh -c x",
            "ftp://host/app",
            "https://",
            "host:-x",
            "ssh://host/\napp",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
