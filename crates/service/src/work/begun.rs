//! A run's row as it begins.

use std::sync::Arc;
use std::time::Duration;

use engine::decide::{Moved, OldValue};
use engine::side::Side;
use gitwire::Oid;
use store::Time;
use store::queue::{Claim, Dues, Work};
use store::run::{Inputs, Run, State};

use super::journal::Journal;
use crate::app::App;
use crate::output::names::visible;

/// How many events are written down with a run.
const TOLD: usize = 100;

/// What may ask for a run, the most telling first.
const TRIGGERS: &[&str] = &["person", "webhook", "demo", "schedule", "sweep"];

/// The journal of the run that a claim begins.
pub(super) fn journal(app: &Arc<App>, claim: &Claim) -> Arc<Journal> {
    let now = app.store.now();
    let run = match &claim.work {
        Work::Asked(run) => Run {
            state: State::Running,
            started: Some(now),
            worker: Some(app.worker.clone()),
            ..(**run).clone()
        },
        Work::Due(dues) => of_dues(app, claim, dues, now),
    };
    let turned = run.inputs.reverse && run.inputs.order.is_none();
    Journal::new(app, claim, run, turned)
}

/// How long a run took, from its beginning.
pub(super) fn took(run: &Run, now: Time) -> Duration {
    let millis = now.0.saturating_sub(run.started.unwrap_or(run.created).0);
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn of_dues(app: &App, claim: &Claim, dues: &Dues, now: Time) -> Run {
    let loaded = app.loaded();
    let mirror = claim.mirror.as_ref().and_then(|name| loaded.mirrors.get(name));
    let inputs = mirror.map_or_else(Inputs::default, |mirror| {
        let credential = |side: Side| mirror.ends.of(side).credential.as_ref();
        Inputs {
            source_url: mirror.ends.source.url.to_string(),
            source_credential: credential(Side::Source).map(|one| one.name.clone()),
            target_url: mirror.ends.target.url.to_string(),
            target_credential: credential(Side::Target).map(|one| one.name.clone()),
            references: match dues.all {
                true => Vec::new(),
                false => dues.names.keys().map(|name| visible(name.as_bytes())).collect(),
            },
            atomic: mirror.atomic,
            told: told(dues),
            ..Inputs::default()
        }
    });
    Run {
        id: uuid::Uuid::now_v7().to_string(),
        mirror: claim.mirror.clone(),
        trigger: trigger(dues).to_owned(),
        actor: None,
        inputs,
        state: State::Running,
        created: dues.since.unwrap_or(now),
        started: Some(now),
        ended: None,
        worker: Some(app.worker.clone()),
        stages: Vec::new(),
        bytes: 0,
        written: 0,
        in_sync: 0,
        exit: None,
        fault: None,
        of: None,
        attempt: dues.failures.saturating_add(1),
    }
}

fn trigger(dues: &Dues) -> &str {
    let asked = |word: &&&str| dues.triggers.iter().any(|trigger| trigger == **word);
    let known = TRIGGERS.iter().find(asked).copied();
    known
        .or(dues.triggers.first().map(String::as_str))
        .unwrap_or("retry")
}

/// The events that webhooks told, for people to see.
fn told(dues: &Dues) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, hints) in &dues.names {
        for side in [Side::Source, Side::Target] {
            let events: &[Moved] = hints.events.of(side);
            for event in events {
                if lines.len() == TOLD {
                    return lines;
                }
                let old = match event.old {
                    OldValue::Absent => "nothing".to_owned(),
                    OldValue::At(id) => short(id),
                };
                let new = event.new.map_or_else(|| "nothing".to_owned(), short);
                lines.push(format!("{side} {} {old} → {new}", visible(name.as_bytes())));
            }
        }
    }
    lines
}

fn short(id: Oid) -> String {
    id.to_hex_with_len(10).to_string()
}
