//! From what the database and the configuration have to what the API shows.

use std::collections::BTreeMap;

use bstr::ByteSlice;
use config::{InputSet, Mirror, MirrorEnd};
use engine::decide::{Base, Direction, Force};
use engine::side::{Both, Side};
use gitwire::Oid;
use store::conflict::{Conflict, Standing, Why};
use store::delivery::Delivery;
use store::run::{self, Run, RunRef};
use store::token::{Role, Token};

use super::caller::Found;
use crate::api::model;
use crate::api::model::hook::HookState;
use crate::api::model::mirror::{Counts, End, Paused, SyncDelete};
use crate::api::model::name_text;
use crate::api::model::reference::{Reference, ReferenceState};
use crate::api::model::run::{Order, RunInputs, RunReference, StageTime};

/// A mirror. `version` is that of one made over the API.
pub(crate) fn mirror(found: &Found, version: Option<i64>) -> model::mirror::Mirror {
    let overview = &found.overview;
    let known = &overview.known;
    let configured = found.configured.as_deref();
    let end = |side: Side, url: &str| match configured {
        Some(mirror) => shown_end(mirror, side),
        None => End {
            url: url.to_owned(),
            credential: None,
            provider: None,
            hook: None,
        },
    };
    let policy = configured.map(|mirror| mirror.policy).unwrap_or_default();
    model::mirror::Mirror {
        name: known.name.clone(),
        description: configured.and_then(|mirror| mirror.description.clone()),
        labels: configured.map_or(&known.labels, |mirror| &mirror.labels).clone(),
        direction: if known.two_way {
            model::mirror::Direction::TwoWay
        } else {
            model::mirror::Direction::OneWay
        },
        source: end(Side::Source, &known.source_url),
        target: end(Side::Target, &known.target_url),
        references: configured.map_or(Vec::new(), |mirror| mirror.scope.patterns().to_vec()),
        sync_delete: SyncDelete {
            to_target: policy.sync_delete.target,
            to_source: policy.sync_delete.source,
        },
        force: force(policy.force),
        atomic: configured.is_some_and(|mirror| mirror.atomic),
        sweep_seconds: configured
            .and_then(|mirror| mirror.sweep)
            .map(|every| every.as_secs()),
        schedule: configured.and_then(|mirror| mirror.schedule.clone()),
        webhooks: configured.is_some_and(|mirror| mirror.webhooks),
        origin: configured.map(|mirror| mirror.origin.clone()),
        read_only: configured.is_some_and(|mirror| mirror.origin != "api"),
        version: version.filter(|_| configured.is_none_or(|mirror| mirror.origin == "api")),
        state: overview.health.into(),
        behind_since: overview.behind_since.map(Into::into),
        in_sync_at: overview.in_sync_at.map(Into::into),
        changed_at: overview.changed_at.map(Into::into),
        last_run: overview.last_run.clone(),
        failures: overview.failures,
        error: overview.error.clone(),
        next_at: overview.next_at.map(Into::into),
        counts: Counts {
            conflicts: overview.conflicts,
            held: overview.held,
            refused: overview.refused,
            references: overview.references,
        },
        refusal: overview.refusal.clone(),
        paused: overview
            .paused
            .clone()
            .map(|(by, at)| Paused { by, at: at.into() }),
        spec: None,
    }
}

fn shown_end(mirror: &Mirror, side: Side) -> End {
    let end = mirror.ends.of(side);
    let has_hook = side == Side::Source || mirror.direction == Direction::TwoWay;
    End {
        url: end.url.to_string(),
        credential: end.credential.as_ref().map(|credential| credential.name.clone()),
        provider: Some(end.provider.word().to_owned()),
        hook: (has_hook && mirror.webhooks).then(|| hook_state(end)),
    }
}

/// Whether an end's webhooks are taken.
fn hook_state(end: &MirrorEnd) -> HookState {
    let credential = end.credential.as_deref();
    if credential.is_some_and(|credential| !credential.webhook_secret.is_empty()) {
        HookState::Enabled
    } else if end.insecure || credential.is_some_and(|credential| credential.insecure) {
        HookState::Insecure
    } else {
        HookState::Disabled
    }
}

fn force(force: Force) -> model::run::Force {
    match force {
        Force::Never => model::run::Force::Never,
        Force::Lease => model::run::Force::Lease,
        Force::Always => model::run::Force::Always,
    }
}

/// An input set.
pub(crate) fn input_set(set: InputSet, mirror: &Mirror) -> model::mirror::InputSet {
    model::mirror::InputSet {
        built_in: !mirror.input_sets.iter().any(|own| own.name == set.name),
        name: set.name,
        reverse: set.reverse,
        references: set.references,
        sync_delete: set.sync_delete,
        reference_sha_old: set.reference_sha_old,
    }
}

/// A run.
pub(crate) fn run(run: Run) -> model::run::Run {
    model::run::Run {
        id: run.id,
        mirror: run.mirror,
        trigger: run.trigger,
        actor: run.actor,
        inputs: inputs(run.inputs),
        state: run.state.into(),
        created_at: run.created.into(),
        started_at: run.started.map(Into::into),
        ended_at: run.ended.map(Into::into),
        worker: run.worker,
        stages: run
            .stages
            .into_iter()
            .map(|(name, milliseconds)| StageTime { name, milliseconds })
            .collect(),
        bytes: run.bytes,
        written: run.written,
        in_sync: run.in_sync,
        exit_code: run.exit,
        fault: run.fault.map(|fault| model::run::Fault {
            side: fault.side,
            stage: fault.stage,
            kind: fault.kind,
            message: fault.message,
            advice: fault.advice,
            retry: fault.retry,
        }),
        of: run.of,
        attempt: run.attempt,
    }
}

fn inputs(inputs: run::Inputs) -> RunInputs {
    RunInputs {
        input_set: inputs.input_set,
        source_url: inputs.source_url,
        source_credential: inputs.source_credential,
        target_url: inputs.target_url,
        target_credential: inputs.target_credential,
        reverse: inputs.reverse,
        references: inputs.references,
        reference_sha_old: inputs.reference_sha_old,
        sync_delete: inputs.sync_delete,
        force: inputs.force,
        atomic: inputs.atomic,
        dry_run: inputs.dry_run,
        order: inputs.order.map(order),
        told: inputs.told,
    }
}

fn order(order: run::Order) -> Order {
    match order {
        run::Order::Approve { run } => Order::Approve { run },
        run::Order::Undo { run } => Order::Undo { run },
        run::Order::Resolve {
            reference,
            take,
            keep_both,
            source,
            target,
        } => Order::Resolve {
            reference,
            take,
            keep_both,
            source,
            target,
        },
    }
}

/// What became of one reference.
pub(crate) fn run_reference(reference: RunRef) -> RunReference {
    RunReference {
        name: name_text(&reference.name),
        to: reference.to.into(),
        old: reference.old.map(hex),
        new: reference.new.map(hex),
        outcome: reference.outcome,
        text: reference.text,
        remote: reference.remote,
        replaced: reference.replaced,
    }
}

/// A line of a log.
pub(crate) fn log_line(line: run::LogLine) -> model::run::LogLine {
    model::run::LogLine {
        number: line.number,
        at: line.at.into(),
        level: line.level,
        text: line.text,
    }
}

/// A conflict; a one-way mirror's has one choice.
pub(crate) fn conflict(conflict: Conflict, two_way: bool) -> model::conflict::Conflict {
    let standing = conflict.standing;
    model::conflict::Conflict {
        mirror: conflict.mirror,
        reference: name_text(&standing.name),
        source: standing.seen.source.map(hex),
        target: standing.seen.target.map(hex),
        base: base(standing.base),
        text: standing.text,
        since: standing.since.into(),
        run: standing.run,
        choices: if two_way {
            vec![model::Side::Source, model::Side::Target]
        } else {
            vec![model::Side::Source]
        },
    }
}

/// A reference that waits, as a line of the drift report.
pub(crate) fn standing(standing: Standing) -> Reference {
    Reference {
        name: name_text(&standing.name),
        source: standing.seen.source.map(hex),
        target: standing.seen.target.map(hex),
        base: base(standing.base),
        state: match standing.why {
            Why::Conflict => ReferenceState::Conflict,
            Why::Held => ReferenceState::Held,
            Why::Rejected => ReferenceState::Rejected,
            Why::Refused => ReferenceState::Refused,
            Why::Deletion => ReferenceState::Deletion,
            Why::TargetOnly => ReferenceState::TargetOnly,
        },
        text: Some(standing.text),
        since: Some(standing.since.into()),
        run: Some(standing.run),
    }
}

/// A reference that was told to have changed, as a line of the drift report: with the values that were told.
pub(crate) fn due(due: &store::queue::waits::Due) -> Reference {
    let told = |side: Side| {
        let last = due.told.events.of(side).last();
        last.and_then(|moved| moved.new).map(hex)
    };
    Reference {
        name: name_text(&due.name),
        source: told(Side::Source),
        target: told(Side::Target),
        base: None,
        state: ReferenceState::Behind,
        text: Some("a change was told, and no run has looked at it yet".to_owned()),
        since: Some(due.since.into()),
        run: None,
    }
}

/// The value that both sides agreed on, if it is known.
pub(crate) fn base(base: Base) -> Option<String> {
    match base {
        Base::Agreed(Some(id)) => Some(hex(id)),
        Base::Agreed(None) | Base::Unknown | Base::Void => None,
    }
}

/// A reference whose sides both have `value`, or had when they were last seen.
pub(crate) fn agreed(name: String, value: Oid, since: Option<store::Time>) -> Reference {
    let both = Both {
        source: Some(hex(value)),
        target: Some(hex(value)),
    };
    Reference {
        name,
        source: both.source,
        target: both.target,
        base: Some(hex(value)),
        state: ReferenceState::InSync,
        text: None,
        since: since.map(Into::into),
        run: None,
    }
}

/// A delivery; headers and body only if `whole`.
pub(crate) fn delivery(delivery: Delivery, whole: bool) -> model::delivery::Delivery {
    let headers: Option<BTreeMap<String, String>> = serde_json::from_str(&delivery.headers).ok();
    model::delivery::Delivery {
        id: delivery.id,
        mirror: delivery.mirror,
        side: match delivery.side.as_deref() {
            Some("source") => Some(model::Side::Source),
            Some("target") => Some(model::Side::Target),
            _ => None,
        },
        credential: delivery.credential,
        provider: delivery.provider,
        host_id: delivery.host_id,
        event: delivery.event,
        at: delivery.at.into(),
        from: delivery.from,
        status: delivery.status,
        answer: serde_json::from_str(&delivery.disposition).unwrap_or_default(),
        repeats: delivery.repeats,
        headers: headers.filter(|_| whole),
        body: whole.then(|| delivery.body.to_str_lossy().into_owned()),
    }
}

/// A token without its text.
pub(crate) fn token(token: &Token) -> model::token::Token {
    model::token::Token {
        id: token.id.clone(),
        name: token.name.clone(),
        role: match token.role {
            Role::Read => model::token::Role::Read,
            Role::Operate => model::token::Role::Operate,
            Role::Admin => model::token::Role::Admin,
        },
        label: token.label.as_ref().map(|(key, value)| format!("{key}={value}")),
        created_at: token.created.into(),
        expires_at: token.expires.map(Into::into),
        used_at: token.used.map(Into::into),
        revoked_at: token.revoked.map(Into::into),
    }
}

/// An object id in hexadecimal digits.
pub(crate) fn hex(id: Oid) -> String {
    id.to_string()
}
