//! What a run is asked to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bstr::BString;
use gitwire::{Oid, RefName};
use secrecy::SecretString;

use crate::base::{self, Intent};
use crate::clients::Clients;
use crate::decide::{Base, Direction, Hints, Policy};
use crate::error::{Error, Fault, Stage};
use crate::guard::Guard;
use crate::keeper::{Hosts, Permit, Recorder};
use crate::order::Order;
use crate::reach::Reach;
use crate::scope::Scope;
use crate::side::{Both, Side};
use crate::url::RemoteUrl;

pub use gitwire::receive_pack::check_push_option;

/// The most bytes of a push option: one packet. It cannot hold a line break or a NUL either.
pub const MAX_PUSH_OPTION: usize = gitwire::pktline::MAX_DATA_LEN;

/// The inputs of one run.
#[derive(Debug, Clone)]
pub struct Request {
    /// The two repositories.
    pub ends: Both<Endpoint>,
    /// In which directions references are mirrored.
    pub direction: Direction,
    /// A person has the mirror run from its target to its source, this once: people write both sides, whatever the direction.
    pub reversed: bool,
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
    /// Only these references of the scope, each of which is reported. A person did not ask for them by name.
    pub only: Option<BTreeSet<RefName>>,
    /// A person asked for the full names in the scope: `false` for sweeps, in which a name is no more than a pattern.
    pub asked: bool,
    /// Writes that an earlier run began and whose end nobody recorded: see [`crate::base::found`].
    pub intents: BTreeMap<RefName, Intent>,
    /// References that wait, with the values that they had: while both sides show these, they are not written.
    pub standing: BTreeMap<RefName, Both<Option<Oid>>>,
    /// When deletions and rewrites are held.
    pub guard: Option<Guard>,
    /// How many references have a base in all, where `bases` holds only those of a narrowed run: for the guard.
    pub scope_size: Option<u64>,
    /// What a person ordered. Such references need not be in scope.
    pub orders: BTreeMap<RefName, Order>,
    /// Whether [`crate::report::Report::bases`] is wanted: it costs memory for each reference whose base moves.
    pub keep_bases: bool,
    /// Writes intents down.
    pub recorder: Option<Arc<dyn Recorder>>,
    /// Keeps the budgets of hosts.
    pub hosts: Option<Arc<dyn Hosts>>,
    /// What is shared with other runs.
    pub clients: Clients,
}

/// Up to how many names a narrowed run asks a server for one by one. git itself ignores more than 65,536.
const MAX_PREFIXES: usize = 1_000;

impl Request {
    /// All branches and tags from one repository to another, as `refsync sync` mirrors them by default.
    pub fn new(source: Endpoint, target: Endpoint) -> Self {
        Self {
            ends: Both { source, target },
            direction: Direction::OneWay,
            reversed: false,
            scope: Scope::default(),
            policy: Policy::default(),
            atomic: false,
            dry_run: false,
            hints: BTreeMap::new(),
            bases: BTreeMap::new(),
            push_options: Vec::new(),
            timeouts: Timeouts::default(),
            only: None,
            asked: true,
            intents: BTreeMap::new(),
            standing: BTreeMap::new(),
            guard: None,
            scope_size: None,
            orders: BTreeMap::new(),
            keep_bases: false,
            recorder: None,
            hosts: None,
            clients: Clients::default(),
        }
    }

    /// Waits for the permit to talk to these sides, if somebody keeps budgets.
    pub(crate) async fn enter(&self, sides: &[Side]) -> Result<Option<Permit>, Error> {
        let Some(hosts) = &self.hosts else {
            return Ok(None);
        };
        let entered = hosts.enter(sides).await;
        entered
            .map(Some)
            .map_err(|(side, kind)| self.unopened(side, kind))
    }

    /// The error of a side that nobody has talked to yet.
    pub(crate) fn unopened(&self, side: Side, kind: Fault) -> Error {
        Error {
            side,
            stage: Stage::Observe,
            url: self.ends.of(side).url.to_string(),
            kind,
        }
    }

    /// Whether the run is about a reference.
    pub(crate) fn is_about(&self, name: &RefName) -> bool {
        let narrowed = |only: &BTreeSet<RefName>| only.contains(name);
        self.orders.contains_key(name) || (self.only.as_ref().is_none_or(narrowed) && self.scope.covers(name))
    }

    /// Whether a person asked for a reference by its full name.
    pub(crate) fn names(&self, name: &RefName) -> bool {
        self.asked && self.only.is_none() && self.scope.names(name)
    }

    /// Whether a reference is reported even if both sides have the same.
    pub(crate) fn is_reported(&self, name: &RefName) -> bool {
        self.only.is_some() || self.orders.contains_key(name) || self.names(name)
    }

    /// The references that are reported whether any side has them or not.
    pub(crate) fn expected(&self) -> impl Iterator<Item = &RefName> {
        let only = self.only.iter().flatten().filter(|name| self.scope.covers(name));
        let named = self.scope.named().filter(|name| self.names(name));
        only.chain(named).chain(self.orders.keys())
    }

    /// The prefixes to ask a server for.
    pub(crate) fn prefixes(&self) -> Vec<BString> {
        let names = |names: &BTreeSet<RefName>| names.iter().map(|name| name.as_bstr().to_owned()).collect();
        let mut prefixes: Vec<BString> = match &self.only {
            Some(only) if only.len() <= MAX_PREFIXES => names(only),
            _ => self.scope.prefixes(),
        };
        prefixes.extend(self.orders.keys().map(|name| name.as_bstr().to_owned()));
        prefixes
    }

    /// The base of a reference as it was given.
    pub(crate) fn kept_base(&self, name: &RefName) -> Base {
        self.bases.get(name).copied().unwrap_or_default()
    }

    /// The base that the decision on a reference rests on.
    pub(crate) fn base(&self, name: &RefName, seen: &Both<Option<Oid>>) -> Base {
        let intent = self.intents.get(name);
        base::found(self.bases_direction(), self.kept_base(name), intent, *seen)
    }

    /// The direction that bases are kept for. In a one-way mirror nobody but refsync writes the target, which is not so while a run
    /// is turned around.
    pub(crate) fn bases_direction(&self) -> Direction {
        match self.reversed {
            true => Direction::TwoWay,
            false => self.direction,
        }
    }

    /// Whether an earlier run began to create a reference and nobody knows whether it did: see [`base::is_in_doubt`].
    pub(crate) fn is_in_doubt(&self, name: &RefName, seen: &Both<Option<Oid>>) -> bool {
        let intent = self.intents.get(name);
        self.bases_direction() == Direction::TwoWay
            && intent.is_some_and(|intent| base::is_in_doubt(intent, *seen))
    }

    /// Whether a reference waits: both sides have the values that it was left with.
    pub(crate) fn is_standing(&self, name: &RefName, seen: &Both<Option<Oid>>) -> bool {
        seen.source != seen.target && !self.orders.contains_key(name) && self.standing.get(name) == Some(seen)
    }
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
    /// An HTTP proxy, in the place of those of the environment. Its address may hold a password.
    pub proxy: Option<SecretString>,
    /// A file with a certificate and its key, in PEM, to show to the server.
    pub client_cert: Option<PathBuf>,
    /// A file with a private key for ssh: the only one that is offered.
    pub ssh_key: Option<PathBuf>,
    /// A file with the keys of hosts for ssh: the only ones that are trusted.
    pub known_hosts: Option<PathBuf>,
    /// Which hosts it may be on.
    pub reach: Reach,
    /// Environment variables that hold secrets: programs that are started to get there do not inherit them. `SOURCE_TOKEN`, `TARGET_TOKEN`
    /// and `REFSYNC_TOKEN` never reach one.
    pub hidden: Arc<BTreeSet<String>>,
}

impl Endpoint {
    /// An address that is asked as nobody, or as whom git's credential helpers know.
    pub fn new(url: RemoteUrl) -> Self {
        Self {
            url,
            credentials: Credentials::default(),
            ca_file: None,
            proxy: None,
            client_cert: None,
            ssh_key: None,
            known_hosts: None,
            reach: Reach::Anywhere,
            hidden: Arc::default(),
        }
    }
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
        /// How it is shown to the server.
        style: TokenStyle,
    },
    /// Nobody, ever.
    Anonymous,
}

/// How a token is shown to a server, in the `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenStyle {
    /// `Basic`, as the password of the user: what most hosts take.
    #[default]
    Password,
    /// `Basic`, as the user, with an empty password.
    User,
    /// `Bearer`, as Bitbucket Data Center and Azure DevOps take it.
    Bearer,
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
