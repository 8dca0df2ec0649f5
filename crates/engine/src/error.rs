//! What went wrong: which side, during what, whether trying again can help, and what to do.

use std::fmt;
use std::time::Duration;

use gitwire::{ObjectFormat, ProtocolError};

use crate::side::Side;

/// A step of a run, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Listing the references of a side.
    Observe,
    /// Asking how commits are related, and deciding.
    Decide,
    /// Fetching a pack and pushing it.
    Relay,
    /// Waiting for the report of what was written.
    Report,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observe => "listing references",
            Self::Decide => "comparing histories",
            Self::Relay => "relaying the pack",
            Self::Report => "waiting for the report",
        })
    }
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not before something is changed: an address, a permission, a configuration.
    Never,
    /// It may have been a passing fault.
    Later,
    /// The server said when.
    After(Duration),
}

/// What went wrong with one side of a run.
///
/// `Display` is one line and does not repeat its source; [`Error::advice`] says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{side} {url}: {kind} (while {stage})")]
pub struct Error {
    /// The side at fault.
    pub side: Side,
    /// The step during which it happened.
    pub stage: Stage,
    /// The address of that side, which never holds a secret.
    pub url: String,
    /// What happened.
    pub kind: Fault,
}

impl Error {
    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        self.kind.retry()
    }

    /// What a person can do about it, if something particular helps.
    pub fn advice(&self) -> Option<String> {
        self.kind.advice(self.side)
    }
}

/// The faults that have their own words.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The name of the host has no address.
    #[error("host {host} not found")]
    HostNotFound {
        /// The name.
        host: String,
    },
    /// Nobody listens there.
    #[error("connection refused by {host}")]
    ConnectionRefused {
        /// The host and port.
        host: String,
    },
    /// No connection came about.
    #[error("cannot connect to {host}: {reason}")]
    Connect {
        /// The host and port.
        host: String,
        /// The reason, in the system's words.
        reason: String,
    },
    /// The encrypted connection could not be set up.
    #[error("TLS with {host} failed: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// The reason, in the library's words.
        reason: String,
    },
    /// 401: the credentials were missing or are not valid.
    #[error("authentication failed: 401 for {}{}", Who(user.as_deref()), Said(message))]
    Unauthorized {
        /// The user name that was sent; `None` without credentials.
        user: Option<String>,
        /// What the server said.
        message: String,
    },
    /// ssh: the host takes none of the keys.
    #[error("ssh: the host accepts none of the keys offered{}", Said(message))]
    KeyRefused {
        /// What ssh said.
        message: String,
    },
    /// ssh: the host's key is not known, or another than before.
    #[error("ssh does not trust the host's key{}", Said(message))]
    HostKey {
        /// What ssh said.
        message: String,
    },
    /// 403: the credentials are known and do not suffice.
    #[error("not permitted: 403 for {}{}", Who(user.as_deref()), Said(message))]
    Forbidden {
        /// The user name that was sent; `None` without credentials.
        user: Option<String>,
        /// What the server said.
        message: String,
    },
    /// 404, or the words for it over other transports.
    #[error("repository not found{}", Said(message))]
    NotFound {
        /// What the server said.
        message: String,
    },
    /// Something answers, but not Git's protocol.
    #[error("this is not a Git repository: {found}")]
    NotGit {
        /// What was found instead.
        found: String,
    },
    /// The server sends people to sign in.
    #[error("the server redirects to a login page at {location}")]
    LoginPage {
        /// Where to, without its query.
        location: String,
    },
    /// A redirect that is not followed.
    #[error("the server redirects to {location}, which is not followed: {reason}")]
    Redirect {
        /// Where to, without its query.
        location: String,
        /// Why it is not followed.
        reason: &'static str,
    },
    /// 411: something in between takes no streamed body.
    #[error("411: the server, or a proxy before it, takes no streamed request body")]
    LengthRequired,
    /// 413, or the words for it: the push is larger than the host takes.
    #[error("the push is too large for the server{}", Said(message))]
    TooLarge {
        /// What the server said.
        message: String,
    },
    /// 429 or 503: the server asks for patience.
    #[error("the server is busy: HTTP {status}{}", Said(message))]
    Busy {
        /// The status code.
        status: u16,
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
        /// What the server said.
        message: String,
    },
    /// Another status.
    #[error("HTTP {status}{}", Said(message))]
    Status {
        /// The status code.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The connection ended early.
    #[error("the remote hung up{}", Said(message))]
    HungUp {
        /// What was heard last, such as the last line that ssh wrote.
        message: String,
    },
    /// Nothing moved for too long.
    #[error("no {what} within {} s", after.as_secs())]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        after: Duration,
    },
    /// The pack from the source ended early or is damaged.
    #[error("the pack was cut off after {bytes} bytes")]
    PackCut {
        /// How much had come.
        bytes: u64,
    },
    /// The source lists nothing.
    #[error("the repository is empty: it lists no references")]
    Empty,
    /// The source's history is cut off.
    #[error("the repository is shallow: its history is cut off, so it cannot be mirrored")]
    Shallow,
    /// One side uses sha1, the other sha256.
    #[error("object formats differ: the source uses {source_format}, the target {target_format}")]
    ObjectFormats {
        /// The source's.
        source_format: ObjectFormat,
        /// The target's.
        target_format: ObjectFormat,
    },
    /// `--atomic` was asked for and the target does not offer it.
    #[error("the server cannot write several references atomically")]
    NoAtomic,
    /// The disk of the server is full.
    #[error("the server's disk is full{}", Said(message))]
    DiskFull {
        /// What the server said.
        message: String,
    },
    /// The server ended the exchange with a message.
    #[error("the server says: {message}")]
    Remote {
        /// The message.
        message: String,
    },
    /// The server does not keep to the protocol.
    #[error("the server breaks the protocol: {0}")]
    Protocol(ProtocolError),
    /// A program of this machine is needed and cannot be started.
    #[error("cannot start `{program}`: {reason}")]
    Spawn {
        /// Its name.
        program: String,
        /// The reason, in the system's words.
        reason: String,
    },
    /// The run may not go there.
    #[error("{host} may not be reached: {reason}")]
    OutOfReach {
        /// The host, with its address if it is that which is refused.
        host: String,
        /// Why not.
        reason: &'static str,
    },
    /// What was to be written could not be recorded before, so nothing was.
    #[error("what is about to be written could not be recorded: {0}")]
    Record(String),
    /// What was configured cannot be used.
    #[error("{0}")]
    Setup(String),
}

struct Who<'a>(Option<&'a str>);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(user) => write!(f, "user {user}"),
            None => f.write_str("an anonymous request"),
        }
    }
}

struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.0)
        }
    }
}

impl From<ProtocolError> for Fault {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl Fault {
    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Busy {
                retry_after: Some(after),
                ..
            } => Retry::After(*after),
            Self::HostNotFound { .. }
            | Self::ConnectionRefused { .. }
            | Self::Connect { .. }
            | Self::Busy { .. }
            | Self::HungUp { .. }
            | Self::TimedOut { .. }
            | Self::PackCut { .. }
            | Self::DiskFull { .. }
            | Self::Record(_)
            | Self::Remote { .. } => Retry::Later,
            Self::Status { status, .. } if *status >= 500 || *status == 408 => Retry::Later,
            _ => Retry::Never,
        }
    }

    /// What a person can do about it.
    pub fn advice(&self, side: Side) -> Option<String> {
        let variable = match side {
            Side::Source => "SOURCE_TOKEN",
            Side::Target => "TARGET_TOKEN",
        };
        let text = match self {
            Self::HostNotFound { .. } => "check the spelling of the address, and the name service of this machine".into(),
            Self::ConnectionRefused { .. } => "check the port, and that the server runs".into(),
            Self::Connect { .. } => "check the network, and HTTPS_PROXY and NO_PROXY".into(),
            Self::Tls { .. } => "if the server's certificate comes from your own authority, name it with --ca-file or SSL_CERT_FILE; if the server wants a client certificate, `refsync serve` shows one (clientCert of a credential)".into(),
            Self::Unauthorized { user: None, .. } => format!("give an access token in {variable} or --{side}-token-file"),
            Self::Unauthorized { .. } => format!("check the token in {variable} (expired? revoked?) and --{side}-username"),
            Self::KeyRefused { .. } => "load the right key into the agent (ssh-add -l), or name it in ~/.ssh/config (IdentityFile)".into(),
            Self::HostKey { .. } => "compare the key with the one the host publishes, then add it: ssh-keyscan HOST >> ~/.ssh/known_hosts".into(),
            Self::Forbidden { .. } => match side {
                Side::Source => "the token needs permission to read this repository".into(),
                Side::Target => "the token needs permission to write to this repository".into(),
            },
            Self::NotFound { .. } => format!("check the address; hosts also answer this to a token that may not see the repository ({variable})"),
            Self::NotGit { .. } => "give the address that `git clone` takes, not the one of a web page".into(),
            Self::LoginPage { .. } => format!("give an access token in {variable}, or the address that `git clone` takes"),
            Self::Redirect { .. } => "give the address it redirects to, if you trust it".into(),
            Self::LengthRequired => "let the proxy pass chunked requests (for nginx: proxy_request_buffering off; HTTP/1.1), or go around it".into(),
            Self::TooLarge { .. } => "mirror fewer references at once (-r), or raise the server's limit".into(),
            Self::Empty => format!("if it is not empty, the credentials may not see it: check {variable}"),
            Self::Shallow => "complete it (git fetch --unshallow) or mirror from the original".into(),
            Self::ObjectFormats { .. } => "make the target anew with the object format of the source".into(),
            Self::NoAtomic => "leave out --atomic".into(),
            Self::OutOfReach { .. } => "give it a credential in the configuration, or list it under allowHosts".into(),
            Self::DiskFull { .. } => "free space on the server and run again".into(),
            Self::TimedOut { .. } => "if the server only needs longer, raise --idle-timeout or --report-timeout".into(),
            Self::HungUp { .. } | Self::PackCut { .. } => "run again; what was not confirmed was not written".into(),
            _ => return None,
        };
        Some(text)
    }
}
