//! Values for the tests of pure functions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use config::checked::Guard;
use config::{Credential, Mirror, MirrorEnd};
use engine::decide::{Direction, Hints, Moved, OldValue, Policy};
use engine::report::{Outcome, RefReport};
use engine::request::{Endpoint, Request, Timeouts};
use engine::scope::Scope;
use engine::side::{Both, Side};
use engine::url::RemoteUrl;
use gitwire::{Oid, RefName};
use hosts::Provider;
use store::Time;
use store::queue::{Claim, Dues, Work};
use store::run::{Inputs, Run, State};
use store::token::{Role, Token};

use crate::ops::Caller;

pub(crate) const NOW: Time = Time(1_800_000_000_000);

pub(crate) fn name(short: &str) -> RefName {
    RefName::new(format!("refs/heads/{short}")).unwrap()
}

pub(crate) fn oid(digit: char) -> Oid {
    gitwire::parse_oid(String::from(digit).repeat(40).as_bytes()).unwrap()
}

pub(crate) fn id(digit: char) -> Option<Oid> {
    (digit != '-').then(|| oid(digit))
}

/// A reference that went to the target; `-` is nothing.
pub(crate) fn reference(short: &str, source: char, target: char, outcome: Outcome) -> RefReport {
    RefReport {
        name: name(short),
        to: Side::Target,
        old: id(target),
        new: id(source),
        outcome,
        old_told: false,
        seen: seen(source, target),
    }
}

pub(crate) fn seen(source: char, target: char) -> Both<Option<Oid>> {
    Both {
        source: id(source),
        target: id(target),
    }
}

pub(crate) fn credential(name: &str) -> Arc<Credential> {
    Arc::new(Credential {
        name: name.into(),
        host: format!("{name}.example"),
        provider: Provider::Github,
        username: None,
        token: None,
        hook_token: None,
        webhook_secret: Vec::new(),
        api: None,
        ca_file: None,
        proxy: None,
        client_cert: None,
        ssh_key: None,
        known_hosts: None,
        max_concurrent: 8,
        insecure: false,
        allow_http: false,
    })
}

pub(crate) fn mirror(direction: Direction) -> Mirror {
    let end = |host: &str| MirrorEnd {
        url: RemoteUrl::parse(&format!("https://{host}.example/app.git"), "source").unwrap(),
        credential: Some(credential(host)),
        provider: Provider::Github,
        trigger: None,
        insecure: false,
    };
    Mirror {
        name: "app".into(),
        description: None,
        labels: BTreeMap::new(),
        direction,
        ends: Both {
            source: end("one"),
            target: end("other"),
        },
        scope: Scope::default(),
        policy: Policy::default(),
        atomic: false,
        push_options: Vec::new(),
        sweep: Some(Duration::from_secs(300)),
        schedule: None,
        webhooks: true,
        input_sets: Vec::new(),
        guard: Guard {
            references: 5,
            percent: 10.0,
        },
        timeouts: Timeouts::default(),
        origin: "refsync.yaml:1".into(),
        fingerprint: "f".into(),
    }
}

/// An admin, limited to a label if one is given.
pub(crate) fn caller(label: Option<(&str, &str)>) -> Caller {
    Caller {
        token: Token {
            id: "t".into(),
            name: "somebody".into(),
            role: Role::Admin,
            label: label.map(|(key, value)| (key.into(), value.into())),
            created: NOW,
            expires: None,
            used: None,
            revoked: None,
        },
        from: "127.0.0.1".into(),
    }
}

pub(crate) fn ends(mirror: &Mirror) -> Both<Endpoint> {
    Both::from_fn(|side| Endpoint::new(mirror.ends.of(side).url.clone()))
}

pub(crate) fn request(mirror: &Mirror) -> Request {
    let Both { source, target } = ends(mirror);
    Request {
        direction: mirror.direction,
        ..Request::new(source, target)
    }
}

pub(crate) fn event(old: char, new: char) -> Moved {
    Moved {
        old: id(old).map_or(OldValue::Absent, OldValue::At),
        new: id(new),
    }
}

/// Due references, each with events of the source.
pub(crate) fn dues(names: &[(&str, &[Moved])]) -> Dues {
    let hints = |events: &[Moved]| Hints {
        person: None,
        events: Both {
            source: events.to_vec(),
            target: Vec::new(),
        },
    };
    Dues {
        all: false,
        names: names
            .iter()
            .map(|(short, events)| (name(short), hints(events)))
            .collect(),
        up_to: 1,
        triggers: vec!["webhook".into()],
        since: Some(NOW),
        deliveries: Vec::new(),
        failures: 0,
    }
}

/// The whole scope, as a sweep has it.
pub(crate) fn swept() -> Dues {
    Dues {
        all: true,
        triggers: vec!["sweep".into()],
        ..dues(&[])
    }
}

pub(crate) fn claim(work: Work) -> Claim {
    Claim {
        mirror: Some("app".into()),
        worker: "w".into(),
        fence: 1,
        work,
    }
}

pub(crate) fn run(inputs: Inputs) -> Run {
    Run {
        id: "0192".into(),
        mirror: Some("app".into()),
        trigger: "webhook".into(),
        actor: None,
        inputs,
        state: State::Running,
        created: NOW,
        started: Some(NOW),
        ended: None,
        worker: Some("w".into()),
        stages: Vec::new(),
        bytes: 0,
        written: 0,
        in_sync: 0,
        exit: None,
        fault: None,
        of: None,
        attempt: 1,
    }
}
