//! From what a person gives to a run's inputs. Pure: nothing is looked up.
//!
//! What is left out is the input set's, then the mirror's. An expression that a pipeline left unresolved (`<+…>`), an empty text or `null` where
//! a reference is needed is an error, never "everything".

use config::{Config, Credential, InputSet, Mirror};
use engine::decide::Direction;
use engine::scope::{Scope, ScopeError};
use engine::side::Side;
use engine::url::{RemoteUrl, UrlError};
use gitwire::parse_oid;
use store::run::Inputs;

use super::error::field;
use super::{OpError, caller::shown};
use crate::api::model::problem::FieldError;
use crate::api::model::run::{Force, OneOffRequest, RunRequest};

/// The most names and patterns of a run.
const REFERENCES: usize = 1_000;

/// The longest address.
const URL: usize = 4_096;

/// The input set that is meant where none is named.
const FORWARD: &str = "forward";

/// The built-in input set of the way back.
const REVERSE: &str = "reverse";

/// Why a one-way mirror does not run in reverse.
const NEVER_SOURCE: &str = "a one-way mirror never writes its source: only a two-way mirror runs in reverse";

/// Why a two-way mirror does not force.
const NEVER_ALWAYS: &str =
    "`always` would let one side overwrite the other: a two-way mirror takes `lease` or `never`";

/// The inputs of a run of a mirror.
pub(crate) fn of_mirror(mirror: &Mirror, request: &RunRequest) -> Result<Inputs, OpError> {
    let named = match (&request.input_set, request.reverse) {
        // The way back is an input set of its own: the run says so.
        (None, Some(true)) if mirror.direction == Direction::TwoWay => Some(REVERSE),
        (named, _) => named.as_deref(),
    };
    let set = input_set(mirror, named)?;
    let mut errors = Vec::new();
    let reverse = request.reverse.unwrap_or(set.reverse);
    if reverse && mirror.direction == Direction::OneWay {
        errors.push(field("reverse", NEVER_SOURCE));
    }
    if request.force == Some(Force::Always) && mirror.direction == Direction::TwoWay && !reverse {
        errors.push(field("force", NEVER_ALWAYS));
    }
    let given = request.references.as_ref().or(set.references.as_ref());
    let scope = given.and_then(|references| references_of(references, &mut errors));
    outside(mirror, scope.as_ref(), &mut errors);
    let told = request
        .reference_sha_old
        .as_ref()
        .or(set.reference_sha_old.as_ref());
    let old = told.and_then(|text| old_value(text, scope.as_ref(), &mut errors));
    none(errors)?;
    let (source_url, source_credential) = end_of(mirror, Side::Source);
    let (target_url, target_credential) = end_of(mirror, Side::Target);
    Ok(Inputs {
        input_set: Some(set.name),
        source_url,
        source_credential,
        target_url,
        target_credential,
        reverse,
        references: patterns(scope),
        reference_sha_old: old,
        sync_delete: request.sync_delete.or(set.sync_delete),
        force: request.force.map(|force| force_word(force).to_owned()),
        atomic: request.atomic.unwrap_or(mirror.atomic),
        dry_run: request.dry_run.unwrap_or_default(),
        order: None,
        told: Vec::new(),
    })
}

/// The inputs of a run that is made again, checked against the mirror as it is now.
pub(crate) fn again(mirror: &Mirror, inputs: &Inputs) -> Result<Inputs, OpError> {
    let mut errors = Vec::new();
    if inputs.reverse && mirror.direction == Direction::OneWay {
        errors.push(field("reverse", NEVER_SOURCE));
    }
    let always = inputs.force.as_deref() == Some("always");
    if always && mirror.direction == Direction::TwoWay && !inputs.reverse {
        errors.push(field("force", NEVER_ALWAYS));
    }
    if !inputs.references.is_empty() {
        let scope = references_of(&inputs.references, &mut errors);
        outside(mirror, scope.as_ref(), &mut errors);
    }
    none(errors)?;
    let (source_url, source_credential) = end_of(mirror, Side::Source);
    let (target_url, target_credential) = end_of(mirror, Side::Target);
    Ok(Inputs {
        source_url,
        source_credential,
        target_url,
        target_credential,
        told: Vec::new(),
        ..inputs.clone()
    })
}

/// The inputs of a run without a mirror.
pub(crate) fn of_one_off(config: &Config, request: &OneOffRequest) -> Result<Inputs, OpError> {
    let mut errors = Vec::new();
    let source = end(
        config,
        Side::Source,
        &request.source_url,
        request.source_credential.as_deref(),
        &mut errors,
    );
    let target = end(
        config,
        Side::Target,
        &request.target_url,
        request.target_credential.as_deref(),
        &mut errors,
    );
    let scope = request
        .references
        .as_ref()
        .and_then(|references| references_of(references, &mut errors));
    let told = request.reference_sha_old.as_ref();
    let old = told.and_then(|text| old_value(text, scope.as_ref(), &mut errors));
    none(errors)?;
    Ok(Inputs {
        source_url: source.0,
        source_credential: source.1,
        target_url: target.0,
        target_credential: target.1,
        references: patterns(scope),
        reference_sha_old: old,
        sync_delete: request.sync_delete,
        force: request.force.map(|force| force_word(force).to_owned()),
        atomic: request.atomic,
        dry_run: request.dry_run,
        ..Inputs::default()
    })
}

/// Names that the mirror does not cover are errors. Of patterns only what it covers is looked at.
fn outside(mirror: &Mirror, scope: Option<&Scope>, errors: &mut Vec<FieldError>) {
    for name in scope.into_iter().flat_map(Scope::named) {
        if !mirror.scope.covers(name) {
            let message = format!(
                "{name} is not in the scope of the mirror: {}",
                mirror.scope.patterns().join(" ")
            );
            errors.push(field("references", message));
        }
    }
}

/// An end's address, and its credential's name.
fn end_of(mirror: &Mirror, side: Side) -> (String, Option<String>) {
    let end = mirror.ends.of(side);
    let credential = end.credential.as_ref().map(|credential| credential.name.clone());
    (end.url.to_string(), credential)
}

fn none(errors: Vec<FieldError>) -> Result<(), OpError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(OpError::Invalid(errors))
    }
}

fn input_set(mirror: &Mirror, name: Option<&str>) -> Result<InputSet, OpError> {
    let name = name.unwrap_or(FORWARD);
    let all = mirror.all_input_sets();
    let names: Vec<&str> = all.iter().map(|set| set.name.as_str()).collect();
    let message = format!(
        "the mirror has no input set `{}`: it has {}",
        shown(name),
        names.join(", ")
    );
    all.into_iter()
        .find(|set| set.name == name)
        .ok_or_else(|| OpError::invalid("inputSet", message))
}

fn references_of(texts: &[String], errors: &mut Vec<FieldError>) -> Option<Scope> {
    if texts.len() > REFERENCES {
        errors.push(field(
            "references",
            format!("at most {REFERENCES} names and patterns"),
        ));
        return None;
    }
    match Scope::new(texts) {
        Ok(scope) => Some(scope),
        Err(error) => {
            errors.push(field("references", said(&error)));
            None
        }
    }
}

/// The error in words that hold no control characters.
fn said(error: &ScopeError) -> String {
    crate::output::names::visible(error.to_string().as_bytes())
}

fn patterns(scope: Option<Scope>) -> Vec<String> {
    scope.map_or(Vec::new(), |scope| scope.patterns().to_vec())
}

/// The old value that was told; `None` if it is not known.
fn old_value(text: &str, scope: Option<&Scope>, errors: &mut Vec<FieldError>) -> Option<String> {
    const PATH: &str = "referenceShaOld";
    let text = text.trim();
    if matches!(text, "" | "null") {
        return None;
    }
    if text.contains("<+") {
        errors.push(field(
            PATH,
            "this is an expression that was not resolved, not an object id",
        ));
        return None;
    }
    let Ok(id) = parse_oid(text.as_bytes()) else {
        errors.push(field(
            PATH,
            "an object id has 40 or 64 hexadecimal digits; zeros mean that the reference did not exist",
        ));
        return None;
    };
    if !scope.is_some_and(|scope| scope.is_names_only() && scope.named().count() == 1) {
        errors.push(field(
            PATH,
            "it belongs to one reference: give exactly one full name in `references`",
        ));
    }
    Some(id.to_string())
}

fn force_word(force: Force) -> &'static str {
    match force {
        Force::Never => "never",
        Force::Lease => "lease",
        Force::Always => "always",
    }
}

/// An address that was given, with the name of the credential that was given or fits.
fn end(
    config: &Config,
    side: Side,
    url: &str,
    credential: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> (String, Option<String>) {
    let path = format!("{side}Url");
    let url = url.trim();
    let parsed = match RemoteUrl::parse(url, &side.to_string()) {
        _ if url.len() > URL => Err("the address is too long".to_owned()),
        Ok(RemoteUrl::Local(_)) => Err("a run over the API reaches no path of this machine".to_owned()),
        Ok(parsed) if side == Side::Target && !parsed.is_writable() => {
            Err("this address can only be read: give https:// or ssh://".to_owned())
        }
        Err(UrlError::Password { .. }) => {
            Err("the address holds a password or token: take it out, and name a credential".to_owned())
        }
        other => other.map_err(|error| error.to_string()),
    };
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(message) => {
            errors.push(field(&path, message));
            return (String::new(), None);
        }
    };
    let fitting = config.credential_for(&parsed);
    let chosen = match credential {
        None => fitting.map(|credential| credential.name.clone()),
        Some(name) => match config.credentials.get(name) {
            Some(known) if covers(config, known, &parsed) => Some(name.to_owned()),
            Some(known) => {
                let message = format!("the credential goes only to {}", known.host);
                errors.push(field(&format!("{side}Credential"), message));
                None
            }
            None => {
                let message = format!("the configuration has no credential `{}`", shown(name));
                errors.push(field(&format!("{side}Credential"), message));
                None
            }
        },
    };
    if credential.is_none()
        && let Some(message) = config.rivals_for(&parsed)
    {
        errors.push(field(&format!("{side}Credential"), message));
    }
    if credential.is_none() && chosen.is_none() && !is_allowed(config, &parsed) {
        errors.push(field(
            &path,
            "no credential of the configuration is for this host, and it does not stand in `allowHosts`",
        ));
    }
    let sent = chosen.as_ref().and_then(|name| config.credentials.get(name));
    if let Some(Err(message)) = sent.map(|credential| credential.check_clear_text(&parsed)) {
        errors.push(field(&path, message));
    }
    (parsed.to_string(), chosen)
}

/// Whether a credential may be sent there.
fn covers(config: &Config, credential: &Credential, url: &RemoteUrl) -> bool {
    let mut alone = config.clone();
    alone.credentials.retain(|name, _| *name == credential.name);
    alone.credential_for(url).is_some()
}

/// Whether a host stands in `allowHosts`. The engine looks again, after name resolution and on redirects.
fn is_allowed(config: &Config, url: &RemoteUrl) -> bool {
    let Some(host) = url.host() else {
        return false;
    };
    config.allow_hosts.iter().any(|allowed| {
        let name = allowed.rsplit_once(':').map_or(allowed.as_str(), |(name, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) {
                name
            } else {
                allowed
            }
        });
        match name.strip_prefix("*.") {
            Some(domain) => host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
            None => host.eq_ignore_ascii_case(name),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::tests::fixture::mirror;

    #[test]
    fn the_way_back_is_an_input_set_of_its_own() {
        let two = mirror(Direction::TwoWay);
        let back = RunRequest {
            reverse: Some(true),
            ..RunRequest::default()
        };
        let set = |request| of_mirror(&two, request).map(|inputs| (inputs.input_set, inputs.reverse));
        assert_eq!(set(&back).unwrap(), (Some("reverse".into()), true));
        assert_eq!(
            set(&RunRequest::default()).unwrap(),
            (Some("forward".into()), false)
        );
    }

    #[test]
    fn a_run_made_again_is_checked_against_the_mirror_as_it_is_now() {
        let (one, two) = (mirror(Direction::OneWay), mirror(Direction::TwoWay));
        let reverse = Inputs {
            reverse: true,
            ..Inputs::default()
        };
        assert!(again(&one, &reverse).is_err());
        assert!(again(&two, &reverse).is_ok());
        let always = Inputs {
            force: Some("always".into()),
            ..Inputs::default()
        };
        assert!(again(&two, &always).is_err());
        let outside = Inputs {
            references: vec!["refs/pull/1/head".into()],
            ..Inputs::default()
        };
        assert!(again(&one, &outside).is_err());
        let moved = Inputs {
            source_url: "https://before.example/app.git".into(),
            ..Inputs::default()
        };
        assert_eq!(
            again(&one, &moved).unwrap().source_url,
            one.ends.source.url.to_string()
        );
    }
}
