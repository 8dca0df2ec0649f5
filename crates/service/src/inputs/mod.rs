//! From flags and environment variables to a validated [`Request`].
//!
//! A flag wins over its variable. What cannot be meant ends here, before the first byte goes out, as a [`UsageError`]
//! (exit code 64).

use std::fs::File;
use std::path::Path;

use engine::decide::{Direction, Policy};
use engine::request::{Credentials, Endpoint, Request, Timeouts, check_push_option};
use engine::scope::{Scope, ScopeError};
use engine::side::{Both, Side};
use engine::url::RemoteUrl;

mod error;
mod flags;
mod old_values;
mod secrets;
mod time;
mod variables;

pub(crate) use error::UsageError;
pub(crate) use flags::{Flags, ForceWhen};
use secrets::Secrets;
pub(crate) use variables::Variables;
use variables::is_none;

/// Makes the request, or says what is wrong with the inputs.
pub(crate) fn request(flags: &Flags, variables: &Variables) -> Result<Request, UsageError> {
    let direction = if flags.two_way {
        Direction::TwoWay
    } else {
        Direction::OneWay
    };
    let ends = ends(flags, variables, direction)?;
    let scope = scope(flags, variables)?;
    let sync_delete = sync_delete(flags, variables)?;
    if flags.two_way {
        refuse_with_two_way(flags, variables, sync_delete)?;
    }
    if flags
        .push_option
        .iter()
        .any(|option| check_push_option(option).is_err() || option.contains('\r'))
    {
        return Err(UsageError::PushOption);
    }
    let Both { source, target } = ends;
    Ok(Request {
        direction,
        hints: old_values::hints(flags, variables, &scope)?,
        scope,
        policy: Policy {
            sync_delete: Both {
                source: false,
                target: sync_delete,
            },
            force: flags.force.into(),
        },
        atomic: flags.atomic,
        dry_run: flags.dry_run,
        push_options: flags.push_option.clone(),
        timeouts: timeouts(flags)?,
        ..Request::new(source, target)
    })
}

fn ends(flags: &Flags, variables: &Variables, direction: Direction) -> Result<Both<Endpoint>, UsageError> {
    if let Some(file) = &flags.ca_file {
        let failed = |error: std::io::Error| UsageError::CaFile {
            file: file.clone(),
            reason: error.to_string(),
        };
        File::open(file).map_err(failed)?;
    }
    let source = source(flags, variables)?;
    let target = target(flags, variables)?;
    let writable = [(Side::Source, &source.url), (Side::Target, &target.url)];
    for (side, url) in writable {
        let written = side == Side::Target || direction == Direction::TwoWay;
        if written && !url.is_writable() {
            return Err(UsageError::ReadOnly(side));
        }
    }
    if is_same(&source.url, &target.url) {
        return Err(UsageError::SameRepository);
    }
    Ok(Both { source, target })
}

fn source(flags: &Flags, variables: &Variables) -> Result<Endpoint, UsageError> {
    let side = Side::Source;
    let given = [&flags.source, &flags.source_url].map(Option::as_deref);
    let user = secrets::username(
        side,
        flags.source_username.as_deref(),
        variables.source_username.as_deref(),
    )?;
    let secrets = Secrets {
        side,
        file: flags.source_token_file.as_deref(),
        variable: variables.source_token.as_ref(),
    };
    endpoint(
        address(side, given, variables.source_url.as_deref())?,
        user,
        &secrets,
        flags.ca_file.as_deref(),
    )
}

fn target(flags: &Flags, variables: &Variables) -> Result<Endpoint, UsageError> {
    let side = Side::Target;
    let given = [&flags.target, &flags.target_url].map(Option::as_deref);
    let user = secrets::username(
        side,
        flags.target_username.as_deref(),
        variables.target_username.as_deref(),
    )?;
    let secrets = Secrets {
        side,
        file: flags.target_token_file.as_deref(),
        variable: variables.target_token.as_ref(),
    };
    endpoint(
        address(side, given, variables.target_url.as_deref())?,
        user,
        &secrets,
        flags.ca_file.as_deref(),
    )
}

/// The address of one side: the argument and the flag, which must agree, else the variable.
fn address(side: Side, given: [Option<&str>; 2], variable: Option<&str>) -> Result<RemoteUrl, UsageError> {
    let text = match given {
        [Some(argument), Some(flag)] if argument.trim() != flag.trim() => {
            return Err(UsageError::TwoUrls(side));
        }
        [argument, flag] => argument.or(flag).or(variable),
    };
    let text = text
        .filter(|text| !is_none(text))
        .ok_or(UsageError::NoUrl(side))?;
    RemoteUrl::parse(text, &side.to_string()).map_err(|error| UsageError::Url(side, error))
}

fn endpoint(
    mut url: RemoteUrl,
    user: Option<String>,
    secrets: &Secrets<'_>,
    ca_file: Option<&Path>,
) -> Result<Endpoint, UsageError> {
    let credentials = secrets.credentials(user.as_deref())?;
    // Without a token the name is for git's credential helpers, which are asked for the user of the address.
    if let (RemoteUrl::Http { user: of_url, .. }, Credentials::Helpers, Some(user)) =
        (&mut url, &credentials, user)
    {
        *of_url = Some(user);
    }
    Ok(Endpoint {
        credentials,
        ca_file: ca_file.map(Path::to_owned),
        ..Endpoint::new(url)
    })
}

/// Whether two addresses are surely one repository. A user name does not tell two repositories apart over HTTP.
fn is_same(source: &RemoteUrl, target: &RemoteUrl) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match (source, target) {
        (RemoteUrl::Http { url: source, .. }, RemoteUrl::Http { url: target, .. }) => source == target,
        (RemoteUrl::Local(source), RemoteUrl::Local(target)) => real(source) == real(target),
        _ => source == target,
    }
}

fn scope(flags: &Flags, variables: &Variables) -> Result<Scope, UsageError> {
    let wrong = |origin| move |error: ScopeError| UsageError::Reference { origin, error };
    if !flags.reference.is_empty() {
        return Scope::new(flags.reference.iter().map(|text| text.trim())).map_err(wrong("-r"));
    }
    match variables.reference.as_deref().map(str::trim) {
        None => Ok(Scope::default()),
        Some("") => Err(UsageError::EmptyReference("empty")),
        Some("null") => Err(UsageError::EmptyReference("null")),
        Some(text) => Scope::new(text.split_whitespace()).map_err(wrong("REFERENCE")),
    }
}

fn sync_delete(flags: &Flags, variables: &Variables) -> Result<bool, UsageError> {
    let flag = flags.sync_delete.as_deref().map(|text| ("--sync-delete", text));
    let variable = variables.sync_delete.as_deref().map(|text| ("SYNC_DELETE", text));
    match flag.or(variable).map(|(origin, text)| (origin, text.trim())) {
        Some((_, "true")) => Ok(true),
        None | Some((_, "false" | "" | "null")) => Ok(false),
        Some((origin, value)) => Err(UsageError::SyncDelete {
            origin,
            value: value.to_owned(),
        }),
    }
}

/// There is no base here, so what replaces or deletes would have to guess a side.
fn refuse_with_two_way(flags: &Flags, variables: &Variables, sync_delete: bool) -> Result<(), UsageError> {
    let refused = if let Some((origin, _)) = old_values::told(flags, variables) {
        Some(origin)
    } else if !flags.force_with_lease.is_empty() {
        Some("--force-with-lease")
    } else if flags.force == ForceWhen::Always {
        Some("--force=always")
    } else if flags.atomic {
        Some("--atomic")
    } else if sync_delete {
        Some(if flags.sync_delete.is_some() {
            "--sync-delete"
        } else {
            "SYNC_DELETE=true"
        })
    } else {
        None
    };
    refused.map_or(Ok(()), |origin| Err(UsageError::TwoWay(origin)))
}

fn timeouts(flags: &Flags) -> Result<Timeouts, UsageError> {
    let mut timeouts = Timeouts::default();
    let given = [
        ("connect-timeout", &flags.connect_timeout, &mut timeouts.connect),
        ("idle-timeout", &flags.idle_timeout, &mut timeouts.idle),
        ("report-timeout", &flags.report_timeout, &mut timeouts.report),
    ];
    for (flag, text, timeout) in given {
        if let Some(text) = text {
            *timeout = time::parse(flag, text)?;
        }
    }
    Ok(timeouts)
}

#[cfg(test)]
mod tests;
