//! One end of a mirror.

use std::sync::Arc;

use engine::decide::Direction;
use engine::side::Side;
use engine::url::{RemoteUrl, UrlError};
use hosts::Provider;

use super::super::{Findings, Spot, way};
use super::{Surroundings, absolute};
use crate::checked::{Credential, MirrorEnd};
use crate::problem::{did_you_mean, list, shown};
use crate::raw::RemoteSpec;
use crate::yaml::Path;

/// Checks one end.
pub(super) fn side(
    findings: &mut Findings,
    spot: Spot<'_>,
    side: Side,
    spec: &RemoteSpec,
    direction: Direction,
    around: &Surroundings<'_>,
) -> Option<MirrorEnd> {
    let word = side.to_string();
    let here = way(&[&word]);
    let url = address(findings, spot, &here, side, spec, around)?;
    let written = side == Side::Target || direction == Direction::TwoWay;
    if written && !url.is_writable() {
        spot.problem(
            findings,
            &url_path(spot, &here),
            "git:// can only be read; use https or ssh for a side that is written",
        );
    }
    let credential = credential(findings, spot, &here, spec, &url, around);
    let provider = spec
        .provider
        .or_else(|| credential.as_ref().map(|credential| credential.provider))
        .or_else(|| url.host().and_then(|host| Provider::of_host(&host)))
        .unwrap_or(Provider::Custom);
    match &spec.trigger {
        Some(_) if provider != Provider::Custom => {
            let message = format!(
                "`trigger` is for `provider: custom`; what {} sends is known",
                provider.word()
            );
            spot.problem(findings, &here.join("trigger"), message);
        }
        Some(trigger) => {
            if let Err(error) = trigger.check() {
                spot.problem(findings, &here.join("trigger"), shown(&error.to_string()));
            }
        }
        None if spec.provider == Some(Provider::Custom) && has_endpoint(side, direction) => {
            let message = "`provider: custom` needs a `trigger` that says how to read its webhooks";
            spot.warning(findings, &here.join("provider"), message);
        }
        None => {}
    }
    if let Some(credential) = &credential
        && let Err(message) = credential.check_clear_text(&url)
    {
        let path = url_path(spot, &here);
        // Who writes the file may send their own tokens as they like; who asks over the API sends somebody else's.
        match around.base {
            Some(_) => spot.warning(findings, &path, message),
            None => spot.problem(findings, &path, message),
        }
    }
    Some(MirrorEnd {
        url,
        credential,
        provider,
        trigger: spec.trigger.clone(),
        insecure: spec.insecure.unwrap_or(false),
    })
}

/// Whether webhooks of this side start runs.
fn has_endpoint(side: Side, direction: Direction) -> bool {
    side == Side::Source || direction == Direction::TwoWay
}

/// The way to the address, which may be the side itself.
fn url_path(spot: Spot<'_>, here: &Path) -> Path {
    let whole = here.join("url");
    if spot.node.at(&whole) == spot.node.at(here) {
        here.clone()
    } else {
        whole
    }
}

fn address(
    findings: &mut Findings,
    spot: Spot<'_>,
    here: &Path,
    side: Side,
    spec: &RemoteSpec,
    around: &Surroundings<'_>,
) -> Option<RemoteUrl> {
    let path = url_path(spot, here);
    let based = around.base.and_then(|base| absolute(&spec.url, base));
    match RemoteUrl::parse(based.as_deref().unwrap_or(&spec.url), &side.to_string()) {
        Ok(RemoteUrl::Local(_)) if around.base.is_none() => {
            let message = "a path of the server's own disk can only stand in its configuration file";
            spot.problem(findings, &path, message);
            None
        }
        Ok(url) => Some(url),
        Err(UrlError::Password { .. }) => {
            let message = "the address holds a password or token: take it out, and name a credential";
            spot.problem(findings, &path, message);
            None
        }
        Err(error) => {
            spot.problem(findings, &path, shown(&error.to_string()));
            None
        }
    }
}

/// The credential, which goes only to its host.
fn credential(
    findings: &mut Findings,
    spot: Spot<'_>,
    here: &Path,
    spec: &RemoteSpec,
    url: &RemoteUrl,
    around: &Surroundings<'_>,
) -> Option<Arc<Credential>> {
    let Some(name) = &spec.credential else {
        if let Some(message) = crate::host::undecided(&around.hosts.rivals(url)) {
            spot.problem(findings, &url_path(spot, here), message);
        }
        return around.hosts.longest(url).cloned();
    };
    let path = here.join("credential");
    let Some(credential) = around.credentials.get(name) else {
        let names = || around.credentials.keys().map(String::as_str);
        let known = match around.credentials.is_empty() {
            true => "the file has none".to_owned(),
            false => format!("there are: {}", list(names())),
        };
        let message = format!(
            "there is no credential `{}`{}; {known}",
            shown(name),
            did_you_mean(name, names())
        );
        spot.problem(findings, &path, message);
        return None;
    };
    if !credential.covers(url) {
        let host = url.host().unwrap_or_else(|| "a local path".into());
        let message = format!(
            "a credential goes only to its host: `{name}` is for {}, the address leads to {} (a port beside the usual one belongs to the host)",
            shown(&credential.host),
            shown(&host)
        );
        spot.problem(findings, &path, message);
    }
    Some(Arc::clone(credential))
}
