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

fn boxed(fault: Fault) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(Refused(fault))
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.reach);
        let free = self.proxies.iter().any(|proxy| proxy == name.as_str());
        Box::pin(async move {
            if !free {
                reach.permit_name(name.as_str()).map_err(boxed)?;
            }
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses = match free {
                true => found,
                false => reach.permit_addresses(name.as_str(), found).map_err(boxed)?,
            };
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(patterns: &[&str], proxy: Option<&str>) -> Guarded {
        let patterns = patterns.iter().map(|text| text.parse().unwrap()).collect();
        // An empty name keeps the proxies of the environment out.
        Guarded::new(patterns, Some(proxy.unwrap_or_default().to_owned()))
    }

    async fn refused(guarded: &Guarded, name: &str) -> Option<String> {
        let answer = guarded.resolve(name.parse().unwrap()).await;
        answer.err().map(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_name_under_an_allowed_domain_leads_to_no_address_of_this_machine() {
        // getaddrinfo(3) reads this as 127.0.0.1.
        let words = refused(&guarded(&["*.1"], None), "127.1").await.unwrap();
        assert!(
            words.starts_with("127.1 may not be reached: its address is of this machine"),
            "{words}"
        );
        assert_eq!(
            refused(&guarded(&["*.1", "127.1"], None), "127.1").await,
            None,
            "named exactly"
        );
    }

    #[tokio::test]
    async fn names_that_are_not_allowed_are_not_even_resolved() {
        let words = refused(&guarded(&["*.example"], None), "localhost")
            .await
            .unwrap();
        assert!(words.contains("not among the hosts that are allowed"), "{words}");
    }

    #[tokio::test]
    async fn the_proxy_that_the_owner_chose_is_reached() {
        assert_eq!(
            refused(&guarded(&["*.example"], Some("localhost")), "localhost").await,
            None
        );
    }

    #[tokio::test]
    async fn a_refusal_is_still_one_inside_of_an_error_of_the_http_library() {
        let client = reqwest::Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .dns_resolver(guarded(&["a.example"], None));
        let url = reqwest::Url::parse("http://b.example/").unwrap();
        let error = client.build().unwrap().get(url.clone()).send().await.unwrap_err();
        let fault = super::super::status::unsent(&error, &url);
        assert!(matches!(fault, Fault::OutOfReach { host, .. } if host == "b.example"));
    }
}
