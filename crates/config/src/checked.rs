//! The configuration as the rest of refsync sees it: checked, templates expanded, defaults filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::decide::{Direction, Policy};
use engine::request::Timeouts;
use engine::scope::Scope;
use engine::side::Both;
use engine::url::RemoteUrl;
use hosts::Provider;
use hosts::custom::CustomTrigger;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// A whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the API and the dashboard listen.
    pub listen: SocketAddr,
    /// Where webhooks are taken, if not there.
    pub hooks_listen: Option<SocketAddr>,
    /// The address that hosts and people reach it by, without a slash at its end.
    pub public_url: Option<String>,
    /// `sqlite:…` or `postgres://…`; may hold a password, so it is a secret.
    pub database: Secret,
    /// By name.
    pub credentials: BTreeMap<String, Arc<Credential>>,
    /// By name, sorted.
    pub mirrors: BTreeMap<String, Arc<Mirror>>,
    /// What mirrors have that do not say otherwise, also those made over the API.
    pub defaults: Arc<crate::raw::Defaults>,
    /// Hosts, beside those of credentials, that runs asked for over the API may reach: `host`, `host:port` or `*.domain`.
    pub allow_hosts: Vec<String>,
    /// When a run is held.
    pub guard: Guard,
    /// Who is told.
    pub notifications: Vec<Notification>,
    /// For how long finished things are kept.
    pub retention: Retention,
    /// What one process does at a time, and how large things may be.
    pub limits: Limits,
    /// `lag` per mirror in the metrics.
    pub metrics_per_mirror: bool,
    /// Where it was read: the main file and those it includes.
    pub files: Vec<PathBuf>,
    /// The patterns of further files, absolute: a file that newly fits one changes the configuration.
    pub includes: Vec<String>,
    /// What works and should be looked at all the same.
    pub warnings: Vec<crate::Problem>,
}

/// When a run is held for a person: it would delete or rewrite more than `references` and more than `percent` of its scope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// Default 5.
    pub references: u64,
    /// Default 10.
    pub percent: f64,
}

/// For how long runs, logs and deliveries are kept: whichever limit is reached first. Open conflicts and held runs stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Default 90.
    pub days: u32,
    /// Runs per mirror, default 1,000.
    pub runs: u32,
    /// Deliveries in all, default 100,000.
    pub deliveries: u32,
}

/// What one process does at a time, and how large things may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Runs at a time, default 16.
    pub runs: usize,
    /// The largest webhook body in bytes, default 25 MiB, as GitHub's.
    pub hook_bytes: usize,
    /// Requests a second of one client to the API, default 100.
    pub rate: u32,
    /// Deliveries a second from one address, default 5,000: a forge sends all of its hooks from few.
    pub hook_rate: u32,
    /// Open connections, default 1,024.
    pub connections: usize,
    /// How long a stopping process waits for its runs, default 30 s.
    pub grace: Duration,
    /// How long a claim holds without a heartbeat, default 30 s.
    pub lease: Duration,
}

/// Who is told of conflicts, held runs, failures and recoveries.
#[derive(Debug, Clone)]
pub struct Notification {
    /// `webhook` (Standard Webhooks) or `slack`.
    pub kind: NotificationKind,
    /// Where to; a secret, since Slack's URLs are.
    pub url: Secret,
    /// For the signature of a webhook: `whsec_…`.
    pub secret: Option<Secret>,
    /// Which events; all by default.
    pub events: Vec<NotificationEvent>,
}

impl Notification {
    /// What tells this recipient from others, wherever in the list they stand: the hash of their kind and of where their address is
    /// read, in 64 hexadecimal digits.
    pub fn key(&self) -> String {
        let kind = match self.kind {
            NotificationKind::Webhook => "webhook",
            NotificationKind::Slack => "slack",
        };
        hex::encode(Sha256::digest(format!("{kind}\n{}", self.url.written())))
    }
}

/// The form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// JSON with a Standard Webhooks signature.
    Webhook,
    /// `{"text": …}`, as Slack, Mattermost and others take it.
    Slack,
}

/// What a message can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotificationEvent {
    /// Both sides of a reference changed.
    Conflict,
    /// A run waits for approval.
    Held,
    /// A mirror keeps failing.
    Failure,
    /// What failed, works again.
    Recovery,
}

/// How a host is asked.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its name in the file.
    pub name: String,
    /// `host`, `host:port` or `host/path`: what it may be sent to. The longest match of all credentials picks it.
    pub host: String,
    /// The kind of host.
    pub provider: Provider,
    /// The user name beside the token, if not the provider's convention.
    pub username: Option<String>,
    /// The access token for Git.
    pub token: Option<Secret>,
    /// The token for registering webhooks.
    pub hook_token: Option<Secret>,
    /// The secrets of webhooks: any of them signs.
    pub webhook_secret: Vec<Secret>,
    /// The base of the host's API, where it cannot be told from the address.
    pub api: Option<String>,
    /// Certificates to trust, PEM.
    pub ca_file: Option<PathBuf>,
    /// An HTTP proxy.
    pub proxy: Option<String>,
    /// A client certificate and key, PEM.
    pub client_cert: Option<PathBuf>,
    /// A private key for ssh.
    pub ssh_key: Option<PathBuf>,
    /// Host keys for ssh.
    pub known_hosts: Option<PathBuf>,
    /// Concurrent requests to the host, over all mirrors and processes; default 8.
    pub max_concurrent: u32,
    /// Deliveries are taken without a signature.
    pub insecure: bool,
    /// Its tokens may travel in clear text.
    pub allow_http: bool,
}

/// One mirror.
#[derive(Debug, Clone)]
pub struct Mirror {
    /// Its name: letters, digits, `.`, `_`, `-`, at most 100.
    pub name: String,
    /// A sentence for people.
    pub description: Option<String>,
    /// To group and select by.
    pub labels: BTreeMap<String, String>,
    /// One way or both.
    pub direction: Direction,
    /// The two repositories.
    pub ends: Both<MirrorEnd>,
    /// Which references.
    pub scope: Scope,
    /// Deletions and rewrites.
    pub policy: Policy,
    /// All references of a run or none.
    pub atomic: bool,
    /// Handed to the side that is written.
    pub push_options: Vec<String>,
    /// How often all references are compared; `None` for never.
    pub sweep: Option<Duration>,
    /// A cron expression (five fields, UTC) in the place of the sweep.
    pub schedule: Option<String>,
    /// Whether webhooks start runs; `false` under `triggers: [manual]`.
    pub webhooks: bool,
    /// Saved inputs. The built-in ones (`forward`, `reverse`) are not among them.
    pub input_sets: Vec<InputSet>,
    /// When its runs are held.
    pub guard: Guard,
    /// How long to wait for servers.
    pub timeouts: Timeouts,
    /// Where it is defined: `refsync.yaml:31`, or `api`.
    pub origin: String,
    /// SHA-256, in hex, of all that decides how it runs, its credentials' definitions with it and no secret's value.
    pub fingerprint: String,
}

/// One end of a mirror.
#[derive(Debug, Clone)]
pub struct MirrorEnd {
    /// The address.
    pub url: RemoteUrl,
    /// The credential that is used, picked by name or by the longest match; `None` asks as nobody.
    pub credential: Option<Arc<Credential>>,
    /// What its webhooks look like.
    pub provider: Provider,
    /// How to read the payloads of `custom`.
    pub trigger: Option<CustomTrigger>,
    /// Deliveries are taken without a signature.
    pub insecure: bool,
}

/// Saved inputs of a run: what is `None` is the mirror's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputSet {
    /// Its name.
    pub name: String,
    /// From target to source.
    pub reverse: bool,
    /// Which references.
    pub references: Option<Vec<String>>,
    /// Whether deletions are mirrored.
    pub sync_delete: Option<bool>,
    /// The old SHA, for a single reference.
    pub reference_sha_old: Option<String>,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            references: 5,
            percent: 10.0,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: 90,
            runs: 1_000,
            deliveries: 100_000,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            runs: 16,
            hook_bytes: 25 << 20,
            rate: 100,
            hook_rate: 5_000,
            connections: 1_024,
            grace: Duration::from_secs(30),
            lease: Duration::from_secs(30),
        }
    }
}

impl Mirror {
    /// Its input sets with the built-in ones before: `forward`, and for two-way mirrors `reverse`.
    pub fn all_input_sets(&self) -> Vec<InputSet> {
        let built_in = |name: &str, reverse| InputSet {
            name: name.into(),
            reverse,
            ..InputSet::default()
        };
        let mut sets = vec![built_in("forward", false)];
        if self.direction == Direction::TwoWay {
            sets.push(built_in("reverse", true));
        }
        sets.extend(self.input_sets.iter().cloned());
        sets
    }
}

impl Credential {
    /// Whether it may be sent to an address: its host is that of the address, and its path is that of the address or above it.
    pub fn covers(&self, url: &RemoteUrl) -> bool {
        crate::host::HostPattern::parse(&self.host).is_ok_and(|pattern| pattern.covers(url))
    }

    /// An error, which says what to do, if one of its tokens would travel to an address in clear text and nobody wrote `allowHttp`.
    pub fn check_clear_text(&self, url: &RemoteUrl) -> Result<(), String> {
        let RemoteUrl::Http { url, .. } = url else {
            return Ok(());
        };
        let has_token = self.token.is_some() || self.hook_token.is_some();
        let in_clear =
            url.scheme() == "http" && !crate::host::is_loopback(url.host_str().unwrap_or_default());
        match in_clear && has_token && !self.allow_http {
            true => Err(format!(
                "the token of the credential `{0}` would travel in clear text over http://: use https://, or write `allowHttp: true` in \
                 the credential `{0}` of the configuration file",
                self.name
            )),
            false => Ok(()),
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("all keys are texts")
}

impl Config {
    /// The credential for an address: the longest `host` that covers it.
    pub fn credential_for(&self, url: &RemoteUrl) -> Option<&Arc<Credential>> {
        crate::host::Hosts::of(&self.credentials).longest(url)
    }

    /// Why no credential is picked for an address: several match it alike, and one must be named.
    pub fn rivals_for(&self, url: &RemoteUrl) -> Option<String> {
        crate::host::undecided(&crate::host::Hosts::of(&self.credentials).rivals(url))
    }

    /// How many requests a host gets at a time (as [`RemoteUrl::host`] gives it): the least that one of its credentials allows,
    /// since the host counts them all together. `None` without a credential.
    pub fn max_concurrent(&self, host: &str) -> Option<u32> {
        crate::host::Hosts::of(&self.credentials).least_concurrent(host)
    }

    /// Whether runs asked for over the API may go to an address: a credential covers it, or `allowHosts` names its host. Local
    /// paths never. What the name resolves to is checked where it is resolved.
    pub fn allows(&self, url: &RemoteUrl) -> bool {
        !matches!(url, RemoteUrl::Local(_))
            && (self.credential_for(url).is_some()
                || self
                    .allow_hosts
                    .iter()
                    .any(|allowed| crate::host::allows(allowed, url)))
    }

    /// The environment variables that any secret is read from: no program that refsync starts inherits them.
    pub fn secret_variables(&self) -> BTreeSet<String> {
        let credentials = self.credentials.values().flat_map(|one| {
            let tokens = one.token.iter().chain(&one.hook_token);
            tokens.chain(&one.webhook_secret)
        });
        let notifications = self
            .notifications
            .iter()
            .flat_map(|one| std::iter::once(&one.url).chain(&one.secret));
        std::iter::once(&self.database)
            .chain(credentials)
            .chain(notifications)
            .flat_map(Secret::variables)
            .map(str::to_owned)
            .collect()
    }

    /// SHA-256, in hex, over all mirrors, and over the credentials and defaults that mirrors made over the API rest on: what processes
    /// compare.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (name, mirror) in &self.mirrors {
            // Names hold no line break, and neither does JSON.
            hash.update(format!("{name}\n{}\n", mirror.fingerprint));
            hash.update(json(&mirror.labels));
        }
        for (name, credential) in &self.credentials {
            hash.update(format!(
                "\n{name}\n{}\n",
                json(&crate::render::credential(credential))
            ));
        }
        hash.update(json(&*self.defaults));
        hash.update(format!("\n{:?}", self.guard));
        hex::encode(hash.finalize())
    }
}
