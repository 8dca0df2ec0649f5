//! What concerns the service as a whole.

use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::time::Duration;

use super::credential::{check_web_address, literal, only_places};
use super::{Findings, Spot, way};
use crate::checked::{Guard, Limits, Notification, NotificationEvent, NotificationKind, Retention};
use crate::raw::{
    File, GuardSpec, LimitsSpec, NotificationEventWord, NotificationKindWord, NotificationSpec,
    RetentionSpec, Span,
};
use crate::secret::Secret;
use crate::yaml::Path;

/// Where the API and the dashboard listen unless the file says otherwise.
pub(crate) const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

/// The database unless the file says otherwise.
pub(crate) const DATABASE: &str = "sqlite:refsync.db";

/// Addresses, the database, and which hosts are allowed.
pub(crate) struct Service {
    pub(crate) listen: SocketAddr,
    pub(crate) hooks_listen: Option<SocketAddr>,
    pub(crate) public_url: Option<String>,
    pub(crate) database: Option<Secret>,
    pub(crate) notifications: Vec<Notification>,
    pub(crate) guard: Guard,
    pub(crate) retention: Retention,
    pub(crate) limits: Limits,
}

/// Checks all of it.
pub(crate) fn service(findings: &mut Findings, spot: Spot<'_>, file: &File, base: &FilePath) -> Service {
    if file.version != 1 {
        spot.problem(
            findings,
            &way(&["version"]),
            format!("found {}, allowed is 1", file.version),
        );
    }
    let listen = listen(findings, spot, "listen", file.listen.as_deref()).unwrap_or(LISTEN);
    let hooks_listen = self::listen(findings, spot, "hooksListen", file.hooks_listen.as_deref());
    if hooks_listen == Some(listen) && listen.port() != 0 {
        spot.problem(
            findings,
            &way(&["hooksListen"]),
            "this is the address of `listen`: leave it out, or name another",
        );
    }
    if let Some(Err(message)) = file.public_url.as_deref().map(check_web_address) {
        spot.problem(findings, &way(&["publicUrl"]), message);
    }
    for (index, host) in file.allow_hosts.iter().enumerate() {
        if let Err(message) = crate::host::check_allowed(host) {
            spot.problem(findings, &way(&["allowHosts"]).join(index), message);
        }
    }
    let notifications = file.notifications.iter().enumerate();
    let notifications = notifications
        .filter_map(|(index, one)| {
            notification(findings, spot, &way(&["notifications"]).join(index), one, base)
        })
        .collect();
    Service {
        listen,
        hooks_listen,
        public_url: file
            .public_url
            .as_deref()
            .map(|url| url.trim_end_matches('/').to_owned()),
        database: database(findings, spot, file.database.as_deref().unwrap_or(DATABASE), base),
        notifications,
        guard: guard(
            findings,
            spot,
            &way(&["guard"]),
            file.guard.as_ref(),
            Guard::default(),
        ),
        retention: retention(findings, spot, &file.retention.clone().unwrap_or_default()),
        limits: limits(findings, spot, &file.limits.clone().unwrap_or_default()),
    }
}

fn listen(findings: &mut Findings, spot: Spot<'_>, key: &str, text: Option<&str>) -> Option<SocketAddr> {
    let text = text?;
    let address = text.parse().ok();
    if address.is_none() {
        let found = crate::problem::shown(text);
        let message = format!(
            "found `{found}`; write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080"
        );
        spot.problem(findings, &way(&[key]), message);
    }
    address
}

fn database(findings: &mut Findings, spot: Spot<'_>, text: &str, base: &FilePath) -> Option<Secret> {
    let path = way(&["database"]);
    let secret = match Secret::parse_in(text, base) {
        Ok(secret) => secret,
        Err(error) => {
            spot.problem(findings, &path, error.0);
            return None;
        }
    };
    let known = ["sqlite:", "postgres://", "postgresql://", "${"];
    if !known.iter().any(|start| text.starts_with(start)) {
        spot.problem(
            findings,
            &path,
            "write sqlite:FILE or postgres://USER:${env:PASSWORD}@HOST/DATABASE",
        );
    } else if holds_password(text) {
        spot.problem(findings, &path, literal());
    }
    Some(secret)
}

/// Whether a password stands in a database's address itself.
fn holds_password(text: &str) -> bool {
    let outside = without_places(text);
    let rest = outside.split_once("://").map_or("", |(_, rest)| rest);
    let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
    let in_user = user
        .split_once(':')
        .is_some_and(|(_, password)| !password.is_empty());
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let in_query = query.split('&').any(|pair| {
        pair.strip_prefix("password=")
            .is_some_and(|password| !password.is_empty())
    });
    in_user || in_query
}

/// A text without its `${…}`.
fn without_places(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '$' if depth == 0 && rest.peek() == Some(&'{') => {
                rest.next();
                depth = 1;
            }
            '{' if depth > 0 => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn notification(
    findings: &mut Findings,
    spot: Spot<'_>,
    path: &Path,
    spec: &NotificationSpec,
    base: &FilePath,
) -> Option<Notification> {
    let address = path.join("url");
    let url = match (spec.kind, Secret::parse_in(&spec.url, base)) {
        (_, Err(error)) => {
            spot.problem(findings, &address, error.0);
            None
        }
        (NotificationKindWord::Slack, Ok(url)) if url.is_literal() => {
            spot.problem(findings, &address, literal());
            None
        }
        (_, Ok(url)) => {
            // What is no plain address could hold a password or a key.
            if !spec.url.contains("${")
                && let Err(message) = check_web_address(&spec.url)
            {
                spot.problem(
                    findings,
                    &address,
                    format!("{message}; an address with a secret comes from ${{env:NAME}}"),
                );
            }
            Some(url)
        }
    };
    let secret = spec.secret.as_ref();
    let secret = secret.and_then(|text| only_places(findings, spot, &path.join("secret"), text, base));
    if spec.secret.is_some() && spec.kind == NotificationKindWord::Slack {
        spot.problem(
            findings,
            &path.join("secret"),
            "a Slack message has no signature: take this out, or write `kind: webhook`",
        );
    }
    if spec.events.as_ref().is_some_and(Vec::is_empty) {
        spot.problem(
            findings,
            &path.join("events"),
            "the list is empty: name events, or leave it out for all",
        );
    }
    Some(Notification {
        kind: match spec.kind {
            NotificationKindWord::Webhook => NotificationKind::Webhook,
            NotificationKindWord::Slack => NotificationKind::Slack,
        },
        url: url?,
        secret,
        events: spec.events.as_deref().map_or_else(|| EVENTS.to_vec(), events),
    })
}

const EVENTS: [NotificationEvent; 4] = [
    NotificationEvent::Conflict,
    NotificationEvent::Held,
    NotificationEvent::Failure,
    NotificationEvent::Recovery,
];

fn events(words: &[NotificationEventWord]) -> Vec<NotificationEvent> {
    let mut events: Vec<_> = words
        .iter()
        .map(|word| match word {
            NotificationEventWord::Conflict => NotificationEvent::Conflict,
            NotificationEventWord::Held => NotificationEvent::Held,
            NotificationEventWord::Failure => NotificationEvent::Failure,
            NotificationEventWord::Recovery => NotificationEvent::Recovery,
        })
        .collect();
    events.sort_unstable();
    events.dedup();
    events
}

/// A guard, with what it does not say taken from another.
pub(super) fn guard(
    findings: &mut Findings,
    spot: Spot<'_>,
    path: &Path,
    spec: Option<&GuardSpec>,
    otherwise: Guard,
) -> Guard {
    let guard = Guard {
        references: spec
            .and_then(|spec| spec.references)
            .unwrap_or(otherwise.references),
        percent: spec.and_then(|spec| spec.percent).unwrap_or(otherwise.percent),
    };
    if !(0.0..=100.0).contains(&guard.percent) {
        spot.problem(
            findings,
            &path.join("percent"),
            format!("found {}, allowed are 0 to 100", guard.percent),
        );
    }
    // The database counts in signed numbers.
    if i64::try_from(guard.references).is_err() {
        spot.problem(findings, &path.join("references"), "the number is too large");
    }
    guard
}

/// A number with its bounds.
fn number(
    findings: &mut Findings,
    spot: Spot<'_>,
    keys: [&str; 2],
    value: Option<u32>,
    bounds: [u32; 2],
    default: u32,
) -> u32 {
    let value = value.unwrap_or(default);
    let [least, most] = bounds;
    if !(least..=most).contains(&value) {
        spot.problem(
            findings,
            &way(&keys),
            format!("found {value}, allowed are {least} to {most}"),
        );
    }
    value
}

fn retention(findings: &mut Findings, spot: Spot<'_>, spec: &RetentionSpec) -> Retention {
    let mut number =
        |key, value, most, default| number(findings, spot, ["retention", key], value, [1, most], default);
    Retention {
        days: number("days", spec.days, 36_500, 90),
        runs: number("runs", spec.runs, u32::MAX, 1_000),
        deliveries: number("deliveries", spec.deliveries, u32::MAX, 100_000),
    }
}

fn limits(findings: &mut Findings, spot: Spot<'_>, spec: &LimitsSpec) -> Limits {
    let mut number = |key, value, least, most, default| {
        let value = number(findings, spot, ["limits", key], value, [least, most], default);
        usize::try_from(value).unwrap_or(usize::MAX)
    };
    let defaults = Limits::default();
    let mut limits = Limits {
        runs: number("runs", spec.runs, 1, 1_000, 16),
        hook_bytes: number("hookBytes", spec.hook_bytes, 1 << 10, 256 << 20, 25 << 20),
        connections: number("connections", spec.connections, 1, 1_000_000, 1_024),
        rate: spec.rate.unwrap_or(defaults.rate),
        hook_rate: spec.hook_rate.unwrap_or(defaults.hook_rate),
        ..defaults
    };
    number("rate", spec.rate, 1, 1_000_000, 100);
    number("hookRate", spec.hook_rate, 1, 1_000_000, 5_000);
    for (key, span, value, least) in [
        ("grace", spec.grace, &mut limits.grace, Duration::ZERO),
        ("lease", spec.lease, &mut limits.lease, Duration::from_secs(1)),
    ] {
        *value = span.map_or(*value, |span| span.0);
        let most = Duration::from_secs(24 * 3_600);
        if !(least..=most).contains(value) {
            let message = format!("found {}, allowed are {} to 24h", Span(*value), Span(least));
            spot.problem(findings, &way(&["limits", key]), message);
        }
    }
    limits
}
