//! What a run is asked to do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use gitwire::RefName;
use secrecy::SecretString;

use crate::decide::{Base, Direction, Hints, Policy};
use crate::scope::Scope;
use crate::side::Both;
use crate::url::RemoteUrl;

/// The most bytes of a push option: one packet. It cannot hold a line break or a NUL either.
pub const MAX_PUSH_OPTION: usize = gitwire::pktline::MAX_DATA_LEN;

/// The inputs of one run.
#[derive(Debug, Clone)]
pub struct Request {
    /// The two repositories.
    pub ends: Both<Endpoint>,
    /// In which directions references are mirrored.
    pub direction: Direction,
    /// Which references are covered.
    pub scope: Scope,
    /// When values may be replaced and deletions mirrored.
    pub policy: Policy,
    /// All references or none.
    pub atomic: bool,
    /// Decide, and write nothing.
    pub dry_run: bool,
    /// What was said of references: old values that a person gave, events of webhooks.
    pub hints: BTreeMap<RefName, Hints>,
    /// What both sides last agreed on, where it is known.
    pub bases: BTreeMap<RefName, Base>,
    /// Options that are handed to the side that is written.
    pub push_options: Vec<String>,
    /// How long to wait.
    pub timeouts: Timeouts,
}

/// One repository and the way to it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its address.
    pub url: RemoteUrl,
    /// Who asks.
    pub credentials: Credentials,
    /// A file of certificates, in PEM, to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// Who asks.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// A user's git credential helpers once the server asks for credentials, and nobody before.
    #[default]
    Helpers,
    /// An access token, sent with the first request.
    Token {
        /// The user name beside it; `None` for the convention of the host.
        user: Option<String>,
        /// The token.
        token: SecretString,
    },
    /// Nobody, ever.
    Anonymous,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the next byte of a server that has something to say.
    pub idle: Duration,
    /// For the report once the last byte of a pack is sent: the target checks its connectivity in silence.
    pub report: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            report: Duration::from_secs(30 * 60),
        }
    }
}
