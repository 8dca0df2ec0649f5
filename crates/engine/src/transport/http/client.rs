//! HTTP clients, each made once for its way to trust servers, to be trusted by them, and to reach them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, redirect};
use secrecy::{ExposeSecret, SecretString};

use super::resolve::Guarded;
use crate::error::Fault;
use crate::reach::Reach;
use crate::transport::AGENT;

/// Clients that were made before: each holds a pool of connections, and reading the system's certificates takes a while.
#[derive(Debug, Default)]
pub(crate) struct Pools(Mutex<HashMap<Way, Made>>);

/// How a client is made. What differs in it shares no connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Way {
    pub(super) trust: Trust,
    /// A file with a certificate and its key.
    pub(super) identity: Option<PathBuf>,
    pub(super) proxy: Option<ProxyAddress>,
    pub(super) reach: Reach,
    pub(super) connect: Duration,
}

/// Whom a client trusts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Trust {
    /// Nobody: it is for `http://` only. Reading the system's authorities takes longer than many a run.
    Nobody,
    /// The system's authorities, and those in a file.
    System(Option<PathBuf>),
}

/// The address of a proxy, which may hold a password.
#[derive(Debug, Clone)]
pub(super) struct ProxyAddress(pub(super) SecretString);

impl PartialEq for ProxyAddress {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for ProxyAddress {}

impl Hash for ProxyAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose_secret().hash(state);
    }
}

#[derive(Debug)]
struct Made {
    client: Client,
    /// Of the files that it was made from: certificates are renewed in their place.
    stamp: u64,
}

impl Pools {
    /// A client that is made this way, with proxies from the environment if none is given.
    pub(super) fn client(&self, way: &Way) -> Result<Client, Fault> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(way);
        if let Some(made) = pools.get(way)
            && made.stamp == stamp
        {
            return Ok(made.client.clone());
        }
        let client = make(way)?;
        let made = Made {
            client: client.clone(),
            stamp,
        };
        pools.insert(way.clone(), made);
        Ok(client)
    }
}

/// Another number once one of the files was written again.
fn stamp(way: &Way) -> u64 {
    let Trust::System(Some(ca_file)) = &way.trust else {
        return files(way.identity.iter());
    };
    files(way.identity.iter().chain([ca_file]))
}

fn files<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        let found = std::fs::metadata(path).ok();
        let times: Option<(SystemTime, u64)> =
            found.and_then(|found| Some((found.modified().ok()?, found.len())));
        times.hash(&mut hasher);
    }
    hasher.finish()
}

fn make(way: &Way) -> Result<Client, Fault> {
    let mut builder = match &way.trust {
        Trust::Nobody => Client::builder().tls_certs_only([]),
        Trust::System(None) => Client::builder(),
        Trust::System(Some(ca_file)) => Client::builder().tls_certs_merge(authorities(ca_file)?),
    };
    if let (Trust::System(_), Some(file)) = (&way.trust, &way.identity) {
        builder = builder.identity(identity(file)?);
    }
    if let Some(ProxyAddress(address)) = &way.proxy {
        builder = builder.proxy(proxy(address)?);
    }
    if let Reach::Only(patterns) = &way.reach {
        builder = builder.dns_resolver(Guarded::new(patterns.clone(), proxy_host(way)));
    }
    build(builder, way.connect)
}

fn build(builder: ClientBuilder, connect: Duration) -> Result<Client, Fault> {
    builder
        // Some hosts tell git from browsers by this prefix.
        .user_agent(format!("git/{AGENT}"))
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect)
        .tcp_keepalive(Duration::from_secs(30))
        .build()
        .map_err(|error| {
            Fault::Setup(format!(
                "cannot set up HTTP: {}",
                crate::transport::incoming::root_cause(&error)
            ))
        })
}

fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(file).map_err(|error| Fault::Setup(format!("cannot read {}: {error}", file.display())))
}

fn authorities(ca_file: &Path) -> Result<Vec<Certificate>, Fault> {
    match Certificate::from_pem_bundle(&read(ca_file)?) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => {
            let name = ca_file.display();
            Err(Fault::Setup(format!("{name} holds no certificate in PEM")))
        }
    }
}

fn identity(file: &Path) -> Result<Identity, Fault> {
    Identity::from_pem(&read(file)?).map_err(|_| {
        let name = file.display();
        Fault::Setup(format!("{name} holds no certificate with its key in PEM"))
    })
}

/// The address itself is not repeated in errors: it may hold a password.
fn proxy(address: &SecretString) -> Result<Proxy, Fault> {
    Proxy::all(address.expose_secret())
        .map_err(|_| Fault::Setup("the address of the proxy is none: write http://host:port".into()))
}

/// The host of the proxy that was given.
fn proxy_host(way: &Way) -> Option<String> {
    let ProxyAddress(address) = way.proxy.as_ref()?;
    let url = reqwest::Url::parse(address.expose_secret()).ok()?;
    url.host_str().map(str::to_owned)
}
