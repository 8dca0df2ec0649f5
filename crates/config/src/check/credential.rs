//! Credentials.

use std::path::{Path as FilePath, PathBuf};

use hosts::Provider;

use super::{Findings, Spot, check_name, way};
use crate::checked::Credential;
use crate::host::HostPattern;
use crate::problem::list;
use crate::raw::CredentialEntry;
use crate::secret::Secret;
use crate::yaml::Path;

/// Checks one. Its files are looked for below `base`.
pub(crate) fn credential(
    findings: &mut Findings,
    spot: Spot<'_>,
    name: &str,
    entry: &CredentialEntry,
    base: &FilePath,
) -> Option<Credential> {
    let before = findings.problems.len();
    if let Err(message) = check_name(name) {
        findings.problem(spot.node.at, spot.path, message);
    }
    if let Err(message) = HostPattern::parse(&entry.host) {
        spot.problem(findings, &way(&["host"]), message);
    }
    let provider = provider(findings, spot, entry);
    let mut secret = |path: &Path, text: &Option<String>| {
        let text = text.as_ref()?;
        only_places(findings, spot, path, text, base)
    };
    let token = secret(&way(&["token"]), &entry.token);
    let hook_token = secret(&way(&["hookToken"]), &entry.hook_token);
    let webhook_secret = webhook_secrets(findings, spot, entry, base);
    if let Some(Err(message)) = entry.username.as_deref().map(check_username) {
        spot.problem(findings, &way(&["username"]), message);
    }
    for (key, url) in [("api", &entry.api), ("proxy", &entry.proxy)] {
        if let Some(Err(message)) = url.as_deref().map(check_web_address) {
            spot.problem(findings, &way(&[key]), message);
        }
    }
    let max_concurrent = entry.max_concurrent.unwrap_or(8);
    if !(1..=1_000).contains(&max_concurrent) {
        spot.problem(
            findings,
            &way(&["maxConcurrent"]),
            format!("found {max_concurrent}, allowed are 1 to 1000"),
        );
    }
    super::files::look(findings, spot, entry, base);
    let file = |path: &Option<String>| path.as_ref().map(|path| base.join(path));
    (findings.problems.len() == before).then(|| Credential {
        name: name.to_owned(),
        host: entry.host.clone(),
        provider: provider.unwrap_or(Provider::Custom),
        username: entry.username.clone(),
        token,
        hook_token,
        webhook_secret,
        api: entry
            .api
            .as_deref()
            .map(|api| api.trim_end_matches('/').to_owned()),
        ca_file: file(&entry.ca_file),
        proxy: entry.proxy.clone(),
        client_cert: file(&entry.client_cert),
        ssh_key: file(&entry.ssh_key),
        known_hosts: file(&entry.known_hosts),
        max_concurrent,
        insecure: entry.insecure.unwrap_or(false),
        allow_http: entry.allow_http.unwrap_or(false),
    })
}

fn provider(findings: &mut Findings, spot: Spot<'_>, entry: &CredentialEntry) -> Option<Provider> {
    let host = entry
        .host
        .split(['/', ':'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let provider = entry.provider.or_else(|| Provider::of_host(&host));
    if provider.is_none() {
        let words = list(Provider::ALL.iter().map(|provider| provider.word()));
        findings.problem(
            spot.node.at,
            spot.path,
            format!("`provider` is missing, and the host does not tell it; allowed: {words}"),
        );
    }
    provider
}

fn webhook_secrets(
    findings: &mut Findings,
    spot: Spot<'_>,
    entry: &CredentialEntry,
    base: &FilePath,
) -> Vec<Secret> {
    let key = way(&["webhookSecret"]);
    let one = spot
        .node
        .get("webhookSecret")
        .is_some_and(|node| node.items().is_empty());
    let all = entry.webhook_secret.0.iter().enumerate();
    all.filter_map(|(index, text)| {
        let path = if one { key.clone() } else { key.join(index) };
        only_places(findings, spot, &path, text, base)
    })
    .collect()
}

/// A secret of which nothing stands in the file itself.
pub(super) fn only_places(
    findings: &mut Findings,
    spot: Spot<'_>,
    path: &Path,
    text: &str,
    base: &FilePath,
) -> Option<Secret> {
    match Secret::parse_in(text, base) {
        Err(error) => spot.problem(findings, path, error.0),
        Ok(secret) if secret.is_literal() => spot.problem(findings, path, literal()),
        Ok(secret) => return Some(secret),
    }
    None
}

pub(super) fn literal() -> String {
    "a secret is written here; write where it is read from: ${env:NAME}, ${file:/path} or ${command:program arguments}".into()
}

/// User names go into headers and into the input of git-credential(1).
fn check_username(name: &str) -> Result<(), &'static str> {
    match name.is_empty() || name.contains(|c: char| c.is_control() || c == ':') {
        true => Err("a user name is one line without `:`, and not empty"),
        false => Ok(()),
    }
}

/// Checks an address of the web: http or https, without password, query and fragment.
pub(super) fn check_web_address(text: &str) -> Result<(), &'static str> {
    const ALLOWED: &str = "write an address such as https://host/path, without user, password, `?` and `#`";
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or(ALLOWED)?;
    let host = rest.split('/').next().unwrap_or_default();
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#' | '@');
    match host.is_empty() || host.starts_with(':') || rest.contains(odd) {
        true => Err(ALLOWED),
        false => Ok(()),
    }
}

/// The directory of a file.
pub(crate) fn directory(file: &FilePath) -> PathBuf {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(FilePath::new("."));
    std::path::absolute(parent).unwrap_or_else(|_| parent.to_owned())
}
