//! A configuration or a mirror as YAML again, templates expanded and defaults filled in, without secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use engine::decide::{Direction, Force};
use engine::request::Timeouts;
use engine::side::Side;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::checked::{
    Config, Credential, Guard, InputSet, Mirror, Notification, NotificationEvent, NotificationKind,
};
use crate::expand::escaped;
use crate::raw::{
    CredentialEntry, DeletionSides, DirectionWord, File, ForceWord, GuardSpec, InputSetSpec, LimitsSpec,
    MetricsSpec, MirrorEntry, MirrorSpec, NotificationEventWord, NotificationKindWord, NotificationSpec,
    OneOrMany, RemoteSpec, RetentionSpec, SideSpec, Span, Sweep, SyncDelete, TimeoutsSpec, TriggerWord,
};
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// The whole, as `refsync config render` prints it. A file with this text means the same; of secrets it holds the places.
pub fn config(config: &Config) -> String {
    emit(&file(config))
}

/// One mirror.
pub fn mirror(mirror: &Mirror) -> String {
    emit(&spec(mirror))
}

fn emit<T: Serialize>(value: &T) -> String {
    crate::yaml::emit(value).expect("all keys are texts, and no number is endless")
}

/// One mirror as a value, for the API.
pub fn spec(mirror: &Mirror) -> MirrorSpec {
    let triggers = [
        Some(TriggerWord::Manual),
        mirror.webhooks.then_some(TriggerWord::Webhook),
        (mirror.sweep.is_some() || mirror.schedule.is_some()).then_some(TriggerWord::Sweep),
    ];
    let sweep = match (mirror.sweep, &mirror.schedule) {
        (Some(every), _) => Some(Sweep::Every(Span(every))),
        (None, None) => Some(Sweep::Off),
        (None, Some(_)) => None,
    };
    MirrorSpec {
        name: mirror.name.clone(),
        description: mirror.description.clone(),
        labels: mirror.labels.clone(),
        direction: Some(match mirror.direction {
            Direction::OneWay => DirectionWord::OneWay,
            Direction::TwoWay => DirectionWord::TwoWay,
        }),
        source: side(mirror, Side::Source),
        target: side(mirror, Side::Target),
        input_sets: mirror.input_sets.iter().map(input_set).collect(),
        references: Some(mirror.scope.patterns().to_vec()),
        sync_delete: Some(sync_delete(mirror)),
        force: Some(match mirror.policy.force {
            Force::Never => ForceWord::Never,
            Force::Lease => ForceWord::Lease,
            Force::Always => ForceWord::Always,
        }),
        atomic: Some(mirror.atomic),
        push_options: Some(mirror.push_options.clone()),
        sweep,
        schedule: mirror.schedule.clone(),
        triggers: Some(triggers.into_iter().flatten().collect()),
        guard: Some(guard(mirror.guard)),
        timeouts: Some(timeouts(mirror.timeouts)),
    }
}

fn sync_delete(mirror: &Mirror) -> SyncDelete {
    let sides = mirror.policy.sync_delete;
    if mirror.direction == Direction::OneWay || sides.source == sides.target {
        return SyncDelete::All(sides.target);
    }
    SyncDelete::Sides(DeletionSides {
        to_target: sides.target,
        to_source: sides.source,
    })
}

fn side(mirror: &Mirror, side: Side) -> SideSpec {
    let end = mirror.ends.of(side);
    let url = match &end.url {
        // Its display leaves the user out, which is not shown to everybody but belongs to the address.
        engine::url::RemoteUrl::Http {
            url,
            user: Some(user),
        } => {
            let mut url = url.clone();
            match url.set_username(user) {
                Ok(()) => url.to_string(),
                Err(()) => end.url.to_string(),
            }
        }
        url => url.to_string(),
    };
    SideSpec(RemoteSpec {
        url,
        credential: end.credential.as_ref().map(|credential| credential.name.clone()),
        provider: Some(end.provider),
        trigger: end.trigger.clone(),
        insecure: end.insecure.then_some(true),
    })
}

fn input_set(set: &InputSet) -> InputSetSpec {
    InputSetSpec {
        name: set.name.clone(),
        reverse: set.reverse,
        references: set.references.clone(),
        sync_delete: set.sync_delete,
        reference_sha_old: set.reference_sha_old.clone(),
    }
}

fn guard(guard: Guard) -> GuardSpec {
    GuardSpec {
        references: Some(guard.references),
        percent: Some(guard.percent),
    }
}

fn timeouts(timeouts: Timeouts) -> TimeoutsSpec {
    TimeoutsSpec {
        connect: Some(Span(timeouts.connect)),
        idle: Some(Span(timeouts.idle)),
        report: Some(Span(timeouts.report)),
    }
}

pub(crate) fn credential(credential: &Credential) -> CredentialEntry {
    let written = |secret: &Option<Secret>| secret.as_ref().map(Secret::written);
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    CredentialEntry {
        host: credential.host.clone(),
        provider: Some(credential.provider),
        username: credential.username.clone(),
        token: written(&credential.token),
        hook_token: written(&credential.hook_token),
        webhook_secret: OneOrMany(credential.webhook_secret.iter().map(Secret::written).collect()),
        api: credential.api.clone(),
        ca_file: path(&credential.ca_file),
        proxy: credential.proxy.clone(),
        client_cert: path(&credential.client_cert),
        ssh_key: path(&credential.ssh_key),
        known_hosts: path(&credential.known_hosts),
        max_concurrent: Some(credential.max_concurrent),
        insecure: credential.insecure.then_some(true),
        allow_http: credential.allow_http.then_some(true),
    }
}

fn notification(notification: &Notification) -> NotificationSpec {
    let event = |event: &NotificationEvent| match event {
        NotificationEvent::Conflict => NotificationEventWord::Conflict,
        NotificationEvent::Held => NotificationEventWord::Held,
        NotificationEvent::Failure => NotificationEventWord::Failure,
        NotificationEvent::Recovery => NotificationEventWord::Recovery,
    };
    NotificationSpec {
        kind: match notification.kind {
            NotificationKind::Webhook => NotificationKindWord::Webhook,
            NotificationKind::Slack => NotificationKindWord::Slack,
        },
        url: notification.url.written(),
        secret: notification.secret.as_ref().map(Secret::written),
        events: Some(notification.events.iter().map(event).collect()),
    }
}

fn file(config: &Config) -> File {
    let number = |value: usize| u32::try_from(value).ok();
    let credentials = config.credentials.iter();
    File {
        version: 1,
        listen: Some(config.listen.to_string()),
        hooks_listen: config.hooks_listen.map(|address| address.to_string()),
        public_url: config.public_url.clone(),
        database: Some(config.database.written()),
        include: Vec::new(),
        credentials: credentials
            .map(|(name, one)| (name.clone(), credential(one)))
            .collect(),
        defaults: (*config.defaults).clone(),
        templates: BTreeMap::new(),
        mirrors: config
            .mirrors
            .values()
            .map(|mirror| entry(spec(mirror)))
            .collect(),
        allow_hosts: config.allow_hosts.clone(),
        guard: Some(guard(config.guard)),
        notifications: config.notifications.iter().map(notification).collect(),
        retention: Some(RetentionSpec {
            days: Some(config.retention.days),
            runs: Some(config.retention.runs),
            deliveries: Some(config.retention.deliveries),
        }),
        limits: Some(LimitsSpec {
            runs: number(config.limits.runs),
            hook_bytes: number(config.limits.hook_bytes),
            hook_rate: Some(config.limits.hook_rate),
            rate: Some(config.limits.rate),
            connections: number(config.limits.connections),
            grace: Some(Span(config.limits.grace)),
            lease: Some(Span(config.limits.lease)),
        }),
        metrics: Some(MetricsSpec {
            per_mirror: config.metrics_per_mirror,
        }),
    }
}

/// A mirror as an entry of the file, in which `{` would start a variable.
fn entry(spec: MirrorSpec) -> MirrorEntry {
    let texts = |texts: Vec<String>| -> Vec<String> { texts.iter().map(|text| escaped(text)).collect() };
    let side = |side: SideSpec| {
        SideSpec(RemoteSpec {
            url: escaped(&side.0.url),
            ..side.0
        })
    };
    let set = |set: InputSetSpec| InputSetSpec {
        references: set.references.map(texts),
        ..set
    };
    let labels = spec.labels.into_iter();
    MirrorEntry {
        template: None,
        each: None,
        name: Some(spec.name),
        description: spec.description.as_deref().map(escaped),
        labels: labels.map(|(key, value)| (key, escaped(&value))).collect(),
        direction: spec.direction,
        source: Some(side(spec.source)),
        target: Some(side(spec.target)),
        input_sets: spec.input_sets.into_iter().map(set).collect(),
        references: spec.references.map(texts),
        sync_delete: spec.sync_delete,
        force: spec.force,
        atomic: spec.atomic,
        push_options: spec.push_options.map(texts),
        sweep: spec.sweep,
        schedule: spec.schedule,
        triggers: spec.triggers,
        guard: spec.guard,
        timeouts: spec.timeouts,
    }
}

/// SHA-256, in hex, of all that decides how a mirror runs: itself without what is only for people, and its credentials' definitions.
pub(crate) fn fingerprint(mirror: &Mirror) -> String {
    #[derive(Serialize)]
    struct Whole {
        mirror: MirrorSpec,
        credentials: [Option<CredentialEntry>; 2],
    }
    let of = |side| mirror.ends.of(side).credential.as_deref().map(credential);
    let whole = Whole {
        mirror: MirrorSpec {
            description: None,
            labels: BTreeMap::new(),
            ..spec(mirror)
        },
        credentials: [of(Side::Source), of(Side::Target)],
    };
    let json = serde_json::to_vec(&whole).expect("all keys are texts");
    hex::encode(Sha256::digest(json))
}
