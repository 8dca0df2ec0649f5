//! Where a host's API keeps the hooks of a repository.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Call, Wanted};
use crate::Provider;
use crate::repository::Address;

/// All but what RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A collection of hooks.
#[derive(Debug)]
pub(super) struct Place {
    provider: Provider,
    /// The URL of the collection.
    collection: String,
    /// The query of every call, without `?`.
    query: String,
    /// The query of the listing besides.
    page: &'static str,
}

impl Place {
    /// A call on the collection, or on the hook with this id.
    pub(super) fn call(&self, method: &'static str, id: Option<&str>, body: Option<Value>) -> Call {
        let mut url = self.collection.clone();
        if let Some(id) = id {
            url = format!("{url}/{}", encoded(id));
        }
        let page = if method == "GET" { self.page } else { "" };
        let query: Vec<&str> = [self.query.as_str(), page]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        if !query.is_empty() {
            url = format!("{url}?{}", query.join("&"));
        }
        let mut headers = vec![("accept", accept(self.provider).to_owned())];
        if self.provider == Provider::Github {
            headers.push(("x-github-api-version", "2022-11-28".to_owned()));
        }
        Call {
            method,
            url,
            token_header: self.token_header(),
            headers,
            secret_at: body.is_some().then(|| secret_at(self.provider)),
            body,
        }
    }

    fn token_header(&self) -> (&'static str, &'static str) {
        match self.provider {
            Provider::Harness if self.is_hosted() => ("x-api-key", ""),
            Provider::Gitlab => ("private-token", ""),
            Provider::Gitea | Provider::Forgejo | Provider::Gogs => ("authorization", "token "),
            _ => ("authorization", "Bearer "),
        }
    }

    fn is_hosted(&self) -> bool {
        self.query.starts_with("accountIdentifier=")
    }
}

fn accept(provider: Provider) -> &'static str {
    match provider {
        Provider::Github => "application/vnd.github+json",
        _ => "application/json",
    }
}

fn secret_at(provider: Provider) -> &'static str {
    match provider {
        Provider::Gitlab => "/token",
        Provider::Github | Provider::Gitea | Provider::Forgejo | Provider::Gogs => "/config/secret",
        Provider::BitbucketDataCenter => "/configuration/secret",
        _ => "/secret",
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Where the hooks are; `None` where there is no API for it.
pub(super) fn of(provider: Provider, wanted: &Wanted<'_>) -> Result<Option<Place>, String> {
    let Some(address) = Address::parse(wanted.repository) else {
        return Err("the repository's address names no host, so there is no API to ask".to_owned());
    };
    let api = wanted.api.map(|api| api.trim_end_matches('/'));
    let parts = match provider {
        Provider::Harness => harness(&address, api)?,
        Provider::Github => github(&address, api)?,
        Provider::Gitlab => gitlab(&address, api),
        Provider::Gitea | Provider::Forgejo | Provider::Gogs => gitea(&address, api)?,
        Provider::BitbucketCloud => bitbucket_cloud(&address, api)?,
        Provider::BitbucketDataCenter => bitbucket_data_center(&address, api)?,
        Provider::AzureDevops | Provider::Codecommit | Provider::Gerrit | Provider::Custom => {
            return Ok(None);
        }
    };
    let page = match provider {
        Provider::Github | Provider::Gitlab => "per_page=100",
        Provider::Gitea | Provider::Forgejo | Provider::Harness => "limit=100",
        Provider::BitbucketCloud => "pagelen=100",
        Provider::BitbucketDataCenter => "limit=1000",
        _ => "",
    };
    Ok(Some(Place {
        provider,
        collection: parts.0,
        query: parts.1,
        page,
    }))
}

/// The URL of a collection and the query of every call.
type Parts = (String, String);

/// The path before the last two segments, and these.
fn owner_and_name<'a>(address: &'a Address, example: &str) -> Result<(&'a str, &'a str, &'a str), String> {
    let unexpected = || format!("the repository's path is not as expected: {example}");
    let (rest, name) = address.path.rsplit_once('/').ok_or_else(unexpected)?;
    let (before, owner) = rest.rsplit_once('/').unwrap_or(("", rest));
    Ok((before, owner, name))
}

fn harness(address: &Address, api: Option<&str>) -> Result<Parts, String> {
    let path = address.path.strip_prefix("git/").unwrap_or(&address.path);
    let hosted = Provider::of_host(&address.host) == Some(Provider::Harness)
        || api.is_some_and(|api| api.contains("/gateway/"));
    if !hosted {
        let base = api.map_or_else(|| address.origin(), str::to_owned);
        let collection = format!("{base}/api/v1/repos/{}/webhooks", encoded(path));
        return Ok((collection, String::new()));
    }
    let base = api.unwrap_or("https://app.harness.io/gateway/code");
    let segments: Vec<&str> = path.split('/').collect();
    let (name, scopes) = match segments.split_last() {
        Some((name, scopes)) if (1..=3).contains(&scopes.len()) => (*name, scopes),
        _ => {
            return Err(
                "the repository's path is not as expected: account/organisation/project/repository"
                    .to_owned(),
            );
        }
    };
    let keys = ["accountIdentifier", "orgIdentifier", "projectIdentifier"];
    let query: Vec<String> = keys
        .iter()
        .zip(scopes)
        .map(|(key, scope)| format!("{key}={}", encoded(scope)))
        .collect();
    let collection = format!("{base}/api/v1/repos/{}/webhooks", encoded(name));
    Ok((collection, query.join("&")))
}

fn github(address: &Address, api: Option<&str>) -> Result<Parts, String> {
    let (_, owner, name) = owner_and_name(address, "owner/repository")?;
    let base = match (api, address.host.as_str()) {
        (Some(api), _) => api.to_owned(),
        (None, "github.com" | "ssh.github.com") => "https://api.github.com".to_owned(),
        (None, host) if host.ends_with(".ghe.com") => format!("https://api.{host}"),
        (None, _) => format!("{}/api/v3", address.origin()),
    };
    let collection = format!("{base}/repos/{}/{}/hooks", encoded(owner), encoded(name));
    Ok((collection, String::new()))
}

fn gitlab(address: &Address, api: Option<&str>) -> Parts {
    let base = match (api, address.host.as_str()) {
        (Some(api), _) => api.to_owned(),
        (None, "altssh.gitlab.com") => "https://gitlab.com/api/v4".to_owned(),
        (None, _) => format!("{}/api/v4", address.origin()),
    };
    let collection = format!("{base}/projects/{}/hooks", encoded(&address.path));
    (collection, String::new())
}

fn gitea(address: &Address, api: Option<&str>) -> Result<Parts, String> {
    let (before, owner, name) = owner_and_name(address, "owner/repository")?;
    let base = match (api, before) {
        (Some(api), _) => api.to_owned(),
        (None, "") => format!("{}/api/v1", address.origin()),
        // A host under a path of its own: https://example.org/git/owner/repository.
        (None, before) => format!("{}/{before}/api/v1", address.origin()),
    };
    let collection = format!("{base}/repos/{}/{}/hooks", encoded(owner), encoded(name));
    Ok((collection, String::new()))
}

fn bitbucket_cloud(address: &Address, api: Option<&str>) -> Result<Parts, String> {
    let (_, workspace, slug) = owner_and_name(address, "workspace/repository")?;
    let base = api.unwrap_or("https://api.bitbucket.org/2.0");
    let collection = format!(
        "{base}/repositories/{}/{}/hooks",
        encoded(workspace),
        encoded(slug)
    );
    Ok((collection, String::new()))
}

fn bitbucket_data_center(address: &Address, api: Option<&str>) -> Result<Parts, String> {
    let (before, project, slug) = owner_and_name(address, "scm/PROJECT/repository")?;
    let context = before.strip_suffix("scm").unwrap_or("").trim_matches('/');
    let base = match (api, context) {
        (Some(api), _) => api.to_owned(),
        (None, "") => format!("{}/rest/api/1.0", address.origin()),
        (None, context) => format!("{}/{context}/rest/api/1.0", address.origin()),
    };
    let collection = format!(
        "{base}/projects/{}/repos/{}/webhooks",
        encoded(project),
        encoded(slug)
    );
    Ok((collection, String::new()))
}
