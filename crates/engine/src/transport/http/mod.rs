//! Smart HTTP, as in gitprotocol-http(5): a pooled client, credentials in headers, redirects by hand.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use gitwire::greeting::Service;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use reqwest::{Body, Client, RequestBuilder, Response, Url};

use self::auth::Auth;
use self::client::{ProxyAddress, Trust, Way};
use super::{Ask, Budget, Incoming};
use crate::clients::Clients;
use crate::error::Fault;
use crate::reach::Permit;
use crate::request::{Endpoint, Timeouts};
use crate::side::Side;
use crate::url::RemoteUrl;

mod auth;
mod client;
mod resolve;
mod status;

pub(crate) use client::Pools;

/// As many redirects as curl follows for git by default would be 20; a repository that moved needs one or two.
const MAX_REDIRECTS: usize = 5;

/// The way to one repository.
#[derive(Debug)]
pub(crate) struct Http {
    side: Side,
    clients: Clients,
    /// The way of `https://`.
    way: Way,
    auth: Auth,
    base: Mutex<Url>,
    timeouts: Timeouts,
    budget: Arc<Budget>,
}

impl Http {
    pub(super) fn new(
        side: Side,
        url: &Url,
        user: Option<&str>,
        endpoint: &Endpoint,
        timeouts: Timeouts,
        clients: &Clients,
        budget: Arc<Budget>,
    ) -> Result<Self, Fault> {
        endpoint
            .reach
            .permit(url.host_str().unwrap_or_default(), url.port_or_known_default())?;
        Ok(Self {
            side,
            clients: clients.clone(),
            way: Way {
                trust: Trust::System(endpoint.ca_file.clone()),
                identity: endpoint.client_cert.clone(),
                proxy: endpoint.proxy.clone().map(ProxyAddress),
                reach: endpoint.reach.clone(),
                connect: timeouts.connect,
            },
            auth: Auth::new(url, user, &endpoint.credentials),
            base: Mutex::new(url.clone()),
            timeouts,
            budget,
        })
    }

    /// Whether a token goes over the network in clear.
    pub(super) fn shows_token(&self) -> bool {
        let base = self.base();
        let host = base
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned();
        let loopback = host
            .parse()
            .map_or(host == "localhost", |address: IpAddr| address.is_loopback());
        base.scheme() == "http" && !loopback && self.auth.user().is_some()
    }

    /// `GET info/refs`: the greeting of a service. Follows redirects, which from then on hold for all requests.
    pub(crate) async fn greeting(&self, service: Service, ask: Ask) -> Result<Incoming, Fault> {
        for _ in 0..MAX_REDIRECTS {
            let response = self.get(service, ask).await?;
            if !response.status().is_redirection() {
                let response = self.check(response, service, "advertisement").await?;
                self.auth.tell_helpers("approve").await;
                return Ok(Incoming::http(self.side, response, self.timeouts.idle));
            }
            self.follow(&response, service).await?;
        }
        Err(Fault::Redirect {
            location: self.base().to_string(),
            reason: "too many redirects",
        })
    }

    async fn get(&self, service: Service, ask: Ask) -> Result<Response, Fault> {
        let mut url = self.endpoint("info/refs");
        url.set_query(Some(&format!("service={}", service.name())));
        let client = self.client(&url)?;
        let make = || version(client.get(url.clone()).header(ACCEPT, "*/*"), ask);
        let what = "info-refs";
        let response = self.execute(what, make(), &url).await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.auth.ask_helpers(&url).await {
            let response = self.execute(what, make(), &url).await?;
            if response.status() == StatusCode::UNAUTHORIZED {
                self.auth.tell_helpers("reject").await;
            }
            return Ok(response);
        }
        Ok(response)
    }

    /// A request whose body is whole. It is sent once more if the server asks for credentials that helpers know.
    pub(crate) async fn post(&self, service: Service, ask: Ask, body: Bytes) -> Result<Incoming, Fault> {
        super::outgoing::trace_all(self.side, &body);
        let url = self.endpoint(service.name());
        let what = what(&body);
        let mut response = self
            .execute(what, self.request(service, ask, &url)?.body(body.clone()), &url)
            .await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.auth.ask_helpers(&url).await {
            response = self
                .execute(what, self.request(service, ask, &url)?.body(body), &url)
                .await?;
            if response.status() == StatusCode::UNAUTHORIZED {
                self.auth.tell_helpers("reject").await;
            }
        }
        self.answer(response, service).await
    }

    /// A push that is sent in one piece. The answer may take as long as the server needs to store it.
    pub(crate) async fn post_whole(&self, service: Service, body: Bytes) -> Result<Incoming, Fault> {
        self.post_stream(service, body.into()).await
    }

    /// A request whose body is made while it is sent. It cannot be sent again. The answer may take as long as the body.
    pub(crate) async fn post_stream(&self, service: Service, body: Body) -> Result<Incoming, Fault> {
        let url = self.endpoint(service.name());
        let request = self.request(service, Ask::Default, &url)?.body(body);
        let response = self.send("push", request, &url).await?;
        self.answer(response, service).await
    }

    fn request(&self, service: Service, ask: Ask, url: &Url) -> Result<RequestBuilder, Fault> {
        let name = service.name();
        let request = self
            .client(url)?
            .request(Method::POST, url.clone())
            // Gitea and Gogs compare the whole value.
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"));
        Ok(version(request, ask))
    }

    fn client(&self, url: &Url) -> Result<Client, Fault> {
        self.clients.http().client(&self.way_to(url))
    }

    /// How an address is reached. The certificate of this side is shown to the origin that it was given for and to no other, which
    /// a redirect may have led to.
    fn way_to(&self, url: &Url) -> Way {
        let mut way = self.way.clone();
        if url.scheme() != "https" {
            way.trust = Trust::Nobody;
        }
        if !self.auth.is_for(url) {
            way.identity = None;
        }
        way
    }

    async fn answer(&self, response: Response, service: Service) -> Result<Incoming, Fault> {
        let response = self.check(response, service, "result").await?;
        Ok(Incoming::http(self.side, response, self.timeouts.idle))
    }

    async fn check(&self, response: Response, service: Service, kind: &str) -> Result<Response, Fault> {
        let user = self.auth.user();
        let withheld = user.is_some() && self.auth.header(response.url()).is_none();
        if withheld && response.status() == StatusCode::UNAUTHORIZED {
            return Err(Fault::Redirect {
                location: self.base().to_string(),
                reason: "it wants credentials, and they are for the first host only",
            });
        }
        status::check(response, service, kind, user.filter(|_| !withheld)).await
    }

    async fn execute(
        &self,
        what: &'static str,
        request: RequestBuilder,
        url: &Url,
    ) -> Result<Response, Fault> {
        let after = self.timeouts.idle;
        let answer = tokio::time::timeout(after, self.send(what, request, url)).await;
        let what = "answer";
        answer.map_err(|_| Fault::TimedOut { what, after })?
    }

    async fn send(&self, what: &'static str, request: RequestBuilder, url: &Url) -> Result<Response, Fault> {
        self.permit(url).await?;
        let request = match self.auth.header(url) {
            Some(_) if self.budget.is_refused() => {
                return Err(Fault::Unauthorized {
                    user: self.auth.user(),
                    message: "the host refused this token a moment ago, and it is not shown again".into(),
                });
            }
            Some(value) => request.header(http::header::AUTHORIZATION, value),
            None => request,
        };
        let asked = Instant::now();
        let answer = request.send().await;
        let status = answer.as_ref().ok().map(|response| response.status().as_u16());
        self.budget.answered(what, asked.elapsed(), status);
        answer.map_err(|error| status::unsent(&error, url))
    }

    /// Whether an address may be reached. Where a proxy resolves names, they are looked at here, too.
    async fn permit(&self, url: &Url) -> Result<(), Fault> {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
        let reach = &self.way.reach;
        if reach.permit(host, port)? == Permit::AnyAddress {
            return Ok(());
        }
        let proxied = self.way.proxy.is_some() || resolve::environment_has_proxy();
        if proxied && let Ok(found) = tokio::net::lookup_host((host, port.unwrap_or_default())).await {
            reach.permit_addresses(host, found.collect())?;
        }
        Ok(())
    }

    /// Whether a redirect led to another address than the one that was given.
    pub(crate) fn has_moved(&self, from: &RemoteUrl) -> bool {
        !matches!(from, RemoteUrl::Http { url, .. } if *url == self.base())
    }

    fn base(&self) -> Url {
        self.base.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base();
        let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&joined);
        url
    }

    /// Takes a redirect of `info/refs` as the new address of the repository.
    async fn follow(&self, response: &Response, service: Service) -> Result<(), Fault> {
        let said = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let from = response.url();
        let to = from.join(said).map_err(|_| Fault::Redirect {
            location: String::new(),
            reason: "it is no address",
        })?;
        let base = status::rebase(from, &to, service)?;
        self.permit(&base).await?;
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
        Ok(())
    }
}

/// What a request to upload-pack asks for.
fn what(body: &[u8]) -> &'static str {
    match body
        .get(4..)
        .is_some_and(|command| command.starts_with(b"command=ls-refs"))
    {
        true => "ls-refs",
        false => "fetch",
    }
}

fn version(request: RequestBuilder, ask: Ask) -> RequestBuilder {
    match ask {
        Ask::V2 | Ask::V2ByShell => request.header("git-protocol", "version=2"),
        Ask::Default => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_certificate_is_shown_to_its_own_origin_alone() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut endpoint = Endpoint::new(RemoteUrl::parse("https://host/a.git", "source").unwrap());
        endpoint.client_cert = Some("me.pem".into());
        let budget = Arc::new(Budget::new(Side::Source, String::new(), None));
        let http = Http::new(
            Side::Source,
            &url("https://host/a.git"),
            None,
            &endpoint,
            Timeouts::default(),
            &Clients::default(),
            budget,
        )
        .unwrap();
        assert!(http.way_to(&url("https://host/b.git")).identity.is_some());
        for other in ["https://other/a.git", "https://host:8443/a.git"] {
            assert_eq!(http.way_to(&url(other)).identity, None, "{other}");
        }
    }
}
