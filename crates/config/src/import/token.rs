//! Credentials for the tokens of pipelines.

use std::collections::BTreeMap;

use engine::url::RemoteUrl;
use hosts::Provider;

use crate::raw::{CredentialEntry, OneOrMany};

/// Credentials by name, as they are needed.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) all: BTreeMap<String, CredentialEntry>,
}

impl Tokens {
    /// The credential for an address and the token that a pipeline takes there. A second token of a host belongs to the path of the
    /// repository alone.
    pub(super) fn add(
        &mut self,
        url: &str,
        token: Option<&str>,
        provider: Option<Provider>,
        notes: &mut Vec<String>,
    ) {
        let Ok(parsed) = RemoteUrl::parse(url, "source") else {
            return;
        };
        let Some((host, path)) = place(&parsed) else {
            return;
        };
        let name = name_of(&host);
        let token = token.map(|token| place_of(token, &name, notes));
        let same = |entry: &CredentialEntry| token.is_none() || entry.token == token;
        if let Some(entry) = self.all.get_mut(&name) {
            entry.provider = entry.provider.or(provider);
            if same(entry) {
                return;
            }
        }
        let (name, host) = match self.all.contains_key(&name) {
            false => (name, host),
            true => (name_of(&format!("{host}-{path}")), format!("{host}/{path}")),
        };
        let signed = name
            .to_uppercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        self.all.entry(name).or_insert_with(|| CredentialEntry {
            provider,
            token,
            webhook_secret: OneOrMany(vec![format!("${{env:{signed}_WEBHOOK_SECRET}}")]),
            ..bare(host)
        });
    }

    /// Fills in what no trigger told.
    pub(super) fn finish(mut self, notes: &mut Vec<String>) -> BTreeMap<String, CredentialEntry> {
        for (name, entry) in &mut self.all {
            let host = entry.host.split(['/', ':']).next().unwrap_or_default();
            if entry.provider.is_none() && Provider::of_host(host).is_none() {
                entry.provider = Some(Provider::Custom);
                notes.push(format!("credential {name}: say which kind of host {host} is, in `provider`; `custom` stands there now"));
            }
        }
        if !self.all.is_empty() {
            let names: Vec<_> = self.all.values().flat_map(variables).collect();
            notes.push(format!(
                "set these environment variables, or write other places for these secrets: {}",
                names.join(", ")
            ));
        }
        self.all
    }
}

fn bare(host: String) -> CredentialEntry {
    CredentialEntry {
        host,
        provider: None,
        username: None,
        token: None,
        hook_token: None,
        webhook_secret: OneOrMany::default(),
        api: None,
        ca_file: None,
        proxy: None,
        client_cert: None,
        ssh_key: None,
        known_hosts: None,
        max_concurrent: None,
        insecure: None,
        allow_http: None,
    }
}

fn variables(entry: &CredentialEntry) -> Vec<String> {
    let texts = entry.token.iter().chain(&entry.webhook_secret.0);
    let secrets = texts.filter_map(|text| crate::Secret::parse(text).ok());
    secrets
        .flat_map(|secret| secret.variables().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Host with its port, and path.
fn place(url: &RemoteUrl) -> Option<(String, String)> {
    let host = url.host()?;
    let (port, path) = match url {
        RemoteUrl::Http { url, .. } => (url.port(), url.path().to_owned()),
        RemoteUrl::Ssh(address) => (address.port.filter(|port| *port != 22), address.path.clone()),
        RemoteUrl::Git { path, .. } => (None, path.clone()),
        RemoteUrl::Local(_) => return None,
    };
    let host = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let path = path.trim_matches('/');
    Some((host, path.strip_suffix(".git").unwrap_or(path).to_owned()))
}

/// A name for what it is for.
pub(super) fn name_of(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
                c
            } else {
                '-'
            }
        })
        .take(100)
        .collect();
    match name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        true => name,
        false => format!("x{}", name.chars().take(99).collect::<String>()),
    }
}

/// Where a pipeline's token is read from: `<+secrets.getValue("account.x")>` becomes `${env:X}`.
fn place_of(token: &str, credential: &str, notes: &mut Vec<String>) -> String {
    let inside = token
        .split_once("secrets.getValue(")
        .and_then(|(_, rest)| rest.split_once(')'));
    let secret = inside.map(|(name, _)| name.trim().trim_matches(['"', '\'']));
    let name = match secret {
        Some(name) => {
            let name = name
                .strip_prefix("account.")
                .or_else(|| name.strip_prefix("org."))
                .unwrap_or(name);
            name.to_owned()
        }
        None => {
            notes.push(format!(
                "credential {credential}: its token is no `<+secrets.getValue(\"…\")>`; if one was written in the pipeline, revoke it"
            ));
            format!("{credential}_token")
        }
    };
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    format!("${{env:{name}}}")
}
