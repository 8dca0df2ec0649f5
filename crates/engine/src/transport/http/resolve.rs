//! Name resolution for runs that may not reach every host: what a name leads to is looked at before anybody connects.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::error::Fault;
use crate::reach::{HostPattern, Reach};

/// The variables that name proxies, as curl(1) reads them.
const PROXIES: &[&str] = &[
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Resolves names that are allowed to addresses that are.
#[derive(Debug)]
pub(super) struct Guarded {
    reach: Arc<Reach>,
    /// Proxies that the owner of this machine chose.
    proxies: Vec<String>,
}

impl Guarded {
    /// With the proxy that was given, if one was; with those of the environment otherwise.
    pub(super) fn new(patterns: Vec<HostPattern>, proxy: Option<String>) -> Self {
        Self {
            reach: Arc::new(Reach::Only(patterns)),
            proxies: proxy.map_or_else(environment, |proxy| vec![proxy]),
        }
    }
}

/// The hosts of the proxies of the environment.
fn environment() -> Vec<String> {
    let values = PROXIES.iter().filter_map(|name| std::env::var(name).ok());
    values.filter_map(|value| host_of(&value)).collect()
}

fn host_of(proxy: &str) -> Option<String> {
    let with_scheme = match proxy.contains("://") {
        true => proxy.to_owned(),
        false => format!("http://{proxy}"),
    };
    let url = reqwest::Url::parse(&with_scheme).ok()?;
    url.host_str().map(str::to_owned)
}

/// Whether requests may go through a proxy, which resolves names in our place.
pub(super) fn environment_has_proxy() -> bool {
    !environment().is_empty()
}

/// A refusal inside of an error of the HTTP library.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) Fault);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.reach);
        let free = self.proxies.iter().any(|proxy| proxy == name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses = match free {
                true => found,
                false => reach
                    .permit_addresses(name.as_str(), found)
                    .map_err(|fault| Box::new(Refused(fault)))?,
            };
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}
