//! What the API tells, for the tests of what is printed.

use jiff::Timestamp;
use serde_json::json;
use store::Time;

use crate::api::model::conflict::Conflict;
use crate::api::model::delivery::Delivery;
use crate::api::model::mirror::{Counts, Direction, End, Mirror, MirrorState, SyncDelete};
use crate::api::model::reference::{Drift, Reference, ReferenceState};
use crate::api::model::run::{Fault, Force, Run, RunInputs, RunReference, RunState, StageTime};
use crate::api::model::{Moment, Side};

/// The time of the tests.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

/// A moment so many seconds before.
pub(crate) fn ago(seconds: i64) -> Moment {
    Moment(Time((now().as_second() - seconds) * 1_000))
}

/// A value of a reference.
pub(crate) fn id(digit: char) -> String {
    format!("{digit}1b2c3d4").chars().cycle().take(40).collect()
}

pub(crate) fn end(url: &str) -> End {
    End {
        url: url.into(),
        credential: Some("ghe".into()),
        provider: Some("github".into()),
        hook: None,
    }
}

/// A one-way mirror that is in sync.
pub(crate) fn mirror(name: &str) -> Mirror {
    Mirror {
        name: name.into(),
        description: None,
        labels: [("team".to_owned(), "pay".to_owned())].into(),
        direction: Direction::OneWay,
        source: end(&format!("https://git.harness.io/acct/org/pay/{name}.git")),
        target: end(&format!("https://ghe.corp.example/acme/{name}.git")),
        references: vec!["refs/heads/*".into(), "refs/tags/*".into()],
        sync_delete: SyncDelete {
            to_target: false,
            to_source: false,
        },
        force: Force::Lease,
        atomic: false,
        sweep_seconds: Some(300),
        schedule: None,
        webhooks: true,
        origin: Some("refsync.yaml:31".into()),
        read_only: true,
        version: None,
        state: MirrorState::InSync,
        behind_since: None,
        in_sync_at: Some(ago(12)),
        changed_at: Some(ago(180)),
        last_run: Some("019a0b1c-2d3e-7000-8000-000000000001".into()),
        failures: 0,
        error: None,
        next_at: None,
        counts: Counts {
            references: Some(1204),
            ..Counts::default()
        },
        refusal: None,
        paused: None,
        spec: None,
    }
}

pub(crate) fn conflict() -> Conflict {
    Conflict {
        mirror: "app".into(),
        reference: "refs/heads/main".into(),
        source: Some(id('a')),
        target: Some(id('b')),
        base: Some(id('c')),
        text: "both sides changed".into(),
        since: ago(7_200),
        run: "019a0b1c-2d3e-7000-8000-000000000001".into(),
        choices: vec![Side::Source, Side::Target],
    }
}

/// A run that wrote one reference.
pub(crate) fn run() -> Run {
    Run {
        id: "019a0b1c-2d3e-7000-8000-000000000001".into(),
        mirror: Some("app".into()),
        trigger: "webhook".into(),
        actor: None,
        inputs: RunInputs {
            input_set: None,
            source_url: "https://git.harness.io/acct/org/x/app.git".into(),
            source_credential: Some("harness".into()),
            target_url: "https://ghe.corp.example/acme/app.git".into(),
            target_credential: Some("ghe".into()),
            reverse: false,
            references: vec!["refs/heads/main".into()],
            reference_sha_old: None,
            sync_delete: None,
            force: None,
            atomic: false,
            dry_run: false,
            order: None,
            told: vec!["refs/heads/main a1b2c3d → b1b2c3d".into()],
        },
        state: RunState::Succeeded,
        created_at: ago(180),
        started_at: Some(ago(180)),
        ended_at: Some(ago(179)),
        worker: Some("host-1-abcd".into()),
        stages: vec![
            StageTime {
                name: "observe".into(),
                milliseconds: 210,
            },
            StageTime {
                name: "relay".into(),
                milliseconds: 480,
            },
        ],
        bytes: 12_900,
        written: 1,
        in_sync: 1_203,
        exit_code: Some(0),
        fault: None,
        of: None,
        attempt: 1,
    }
}

pub(crate) fn fault() -> Fault {
    Fault {
        side: Some("target".into()),
        stage: Some("observe".into()),
        kind: "unauthorized".into(),
        message: "the host refused the token of the credential ghe (HTTP 401)".into(),
        advice: Some(
            "renew the token that ${env:GHE} holds: it may have expired\nthe same by hand: git ls-remote https://ghe.corp.example/acme/app.git"
                .into(),
        ),
        retry: false,
    }
}

/// A reference that a run moved on the target.
pub(crate) fn reference(name: &str) -> RunReference {
    RunReference {
        name: name.into(),
        to: Side::Target,
        old: Some(id('a')),
        new: Some(id('b')),
        outcome: "fast-forwarded".into(),
        text: "updated".into(),
        remote: None,
        replaced: false,
    }
}

pub(crate) fn drifting(name: &str, state: ReferenceState) -> Reference {
    let absent = matches!(state, ReferenceState::Deletion | ReferenceState::TargetOnly);
    Reference {
        name: name.into(),
        source: (!absent).then(|| id('a')),
        target: Some(id('b')),
        base: Some(id('c')),
        state,
        text: Some("in words".into()),
        since: Some(ago(7_200)),
        run: Some("019a0b1c-2d3e-7000-8000-000000000001".into()),
    }
}

pub(crate) fn drift(references: &[Reference]) -> Drift {
    Drift {
        mirror: "app".into(),
        live: false,
        at: ago(0),
        in_sync: 1_204,
        references: references.to_vec(),
        cut: false,
        unsure: None,
    }
}

pub(crate) fn delivery() -> Delivery {
    Delivery {
        id: "019a0b1c-2d3e-7000-8000-00000000000d".into(),
        mirror: Some("app".into()),
        side: Some(Side::Source),
        credential: None,
        provider: "github".into(),
        host_id: Some("72d3162e-cc78-11e3-81ab-4c9367dc0958".into()),
        event: Some("push".into()),
        at: ago(180),
        from: "140.82.112.1".into(),
        status: 202,
        answer: json!({"references": [{"name": "refs/heads/main", "mirror": "app", "disposition": "queued"}]}),
        repeats: None,
        headers: None,
        body: None,
    }
}
