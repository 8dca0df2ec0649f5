//! From what was claimed to what the engine is asked to do.

use std::collections::{BTreeMap, BTreeSet};

use config::Mirror;
use engine::decide::{Direction, Force, Hints, OldValue};
use engine::guard::Guard;
use engine::order;
use engine::request::{Endpoint, Request};
use engine::scope::Scope;
use engine::side::{Both, Side};
use gitwire::{Oid, RefName};
use store::conflict::Why;
use store::queue::{Dues, Memory};
use store::run::Inputs;

/// What cannot be asked for: a person's inputs, or a secret that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The inputs make no run: trying again changes nothing.
    Inputs(String),
    /// A secret of this credential cannot be read now.
    Secret {
        /// The credential.
        credential: String,
        /// Why not, without its value.
        reason: String,
    },
}

/// A request for all that is due of a mirror.
pub(super) fn of_due(mirror: &Mirror, ends: Both<Endpoint>, dues: &Dues, memory: &Memory) -> Request {
    let covered = |name: &&RefName| mirror.scope.covers(name);
    let hints = dues.names.iter().filter(|(name, _)| covered(name));
    let mut request = of_mirror(mirror, ends, memory);
    request.hints = hints.map(|(name, hints)| (name.clone(), hints.clone())).collect();
    request.only = (!dues.all).then(|| dues.names.keys().filter(covered).cloned().collect());
    request.asked = false;
    request.standing = standing(memory);
    request
}

/// A request for a run that a person asked for. What waits is tried again: they asked for it.
pub(super) fn of_asked(
    mirror: &Mirror,
    ends: Both<Endpoint>,
    inputs: &Inputs,
    memory: &Memory,
) -> Result<Request, Unfit> {
    let mut request = of_mirror(mirror, ends, memory);
    if inputs.reverse {
        // It may have been two-way when the run was asked for.
        if mirror.direction == Direction::OneWay {
            return Err(Unfit::Inputs(
                "a one-way mirror never writes its source: only a two-way mirror runs in reverse".into(),
            ));
        }
        request.direction = Direction::OneWay;
        request.reversed = true;
    }
    with_inputs(&mut request, inputs)?;
    if !inputs.references.is_empty() {
        request.scope = within(request.scope, &mirror.scope)?;
    }
    request.asked = !inputs.references.is_empty();
    Ok(request)
}

/// A request without a mirror: all of it was given at run time. The guard is that of all mirrors which say nothing else.
pub(super) fn of_one_off(
    ends: Both<Endpoint>,
    inputs: &Inputs,
    guard: config::checked::Guard,
) -> Result<Request, Unfit> {
    let Both { source, target } = ends;
    let mut request = Request::new(source, target);
    with_inputs(&mut request, inputs)?;
    request.asked = !inputs.references.is_empty();
    request.guard = Some(guarded(guard));
    Ok(request)
}

/// A request that carries out what a person ordered, and nothing else; without a mirror, between the addresses of the run it is about.
pub(super) fn of_orders(
    mirror: Option<&Mirror>,
    ends: Both<Endpoint>,
    memory: &Memory,
    orders: BTreeMap<RefName, order::Order>,
) -> Request {
    let request = match mirror {
        Some(mirror) => of_mirror(mirror, ends, memory),
        None => {
            let Both { source, target } = ends;
            Request::new(source, target)
        }
    };
    Request {
        only: Some(BTreeSet::new()),
        guard: None,
        orders,
        ..request
    }
}

fn guarded(guard: config::checked::Guard) -> Guard {
    Guard {
        references: guard.references,
        percent: guard.percent,
    }
}

fn of_mirror(mirror: &Mirror, ends: Both<Endpoint>, memory: &Memory) -> Request {
    let Both { source, target } = ends;
    Request {
        direction: mirror.direction,
        scope: mirror.scope.clone(),
        policy: mirror.policy,
        atomic: mirror.atomic,
        push_options: mirror.push_options.clone(),
        timeouts: mirror.timeouts,
        bases: memory.bases.clone(),
        intents: memory.intents.clone(),
        guard: Some(guarded(mirror.guard)),
        scope_size: (memory.references > 0).then_some(memory.references),
        keep_bases: true,
        ..Request::new(source, target)
    }
}

/// What a server rejects, the guard holds or refsync refuses waits until a side changes. A conflict is looked at each time: descent,
/// a late webhook or another policy may end it, and deciding writes nothing.
fn standing(memory: &Memory) -> BTreeMap<RefName, Both<Option<Oid>>> {
    let waits = memory
        .standing
        .iter()
        .filter(|one| matches!(one.why, Why::Held | Why::Rejected | Why::Refused));
    waits.map(|one| (one.name.clone(), one.seen)).collect()
}

/// What was given at run time, as far as the mirror covers it. A name that it does not cover is an error, not silence.
fn within(given: Scope, mirror: &Scope) -> Result<Scope, Unfit> {
    if let Some(name) = given.named().find(|name| !mirror.covers(name)) {
        return Err(Unfit::Inputs(format!(
            "{name} is not in the scope of the mirror: {}",
            mirror.patterns().join(" ")
        )));
    }
    Ok(given.within(mirror))
}

fn with_inputs(request: &mut Request, inputs: &Inputs) -> Result<(), Unfit> {
    let unfit = |error: &dyn std::fmt::Display| Unfit::Inputs(error.to_string());
    if !inputs.references.is_empty() {
        request.scope = Scope::new(&inputs.references).map_err(|error| unfit(&error))?;
    }
    if let Some(text) = &inputs.reference_sha_old {
        let name = one_name(&request.scope).ok_or_else(|| {
            unfit(&"referenceShaOld belongs to one reference: name it in full, and no other")
        })?;
        let person = old_value(text).map_err(|error| unfit(&error))?;
        let hints = Hints {
            person: Some(person),
            ..Hints::default()
        };
        request.hints.insert(name, hints);
    }
    if let Some(sync_delete) = inputs.sync_delete {
        request.policy.sync_delete = Both::from_fn(|side| {
            let written = match request.direction {
                Direction::TwoWay => true,
                Direction::OneWay => side == written(inputs),
            };
            sync_delete && written
        });
    }
    if let Some(word) = &inputs.force {
        request.policy.force = force(word, request.direction)?;
    }
    request.atomic |= inputs.atomic;
    request.dry_run = inputs.dry_run;
    Ok(())
}

/// The side that a one-way run writes.
fn written(inputs: &Inputs) -> Side {
    match inputs.reverse {
        true => Side::Source,
        false => Side::Target,
    }
}

fn force(word: &str, direction: Direction) -> Result<Force, Unfit> {
    match (word, direction) {
        ("never", _) => Ok(Force::Never),
        ("lease", _) => Ok(Force::Lease),
        ("always", Direction::OneWay) => Ok(Force::Always),
        ("always", Direction::TwoWay) => Err(Unfit::Inputs(
            "`force: always` would let one side overwrite the other: a two-way mirror does not take it"
                .into(),
        )),
        _ => Err(Unfit::Inputs("`force` is not one of never, lease, always".into())),
    }
}

/// The only reference of a scope, if it is one full name.
fn one_name(scope: &Scope) -> Option<RefName> {
    let mut names = scope.named();
    let first = names.next()?.clone();
    (scope.is_names_only() && names.next().is_none()).then_some(first)
}

/// All zeros mean that it did not exist.
fn old_value(text: &str) -> Result<OldValue, String> {
    let text = text.trim();
    if matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte == b'0') {
        return Ok(OldValue::Absent);
    }
    object_id(text).map(OldValue::At)
}

/// An object id from its hexadecimal digits.
pub(super) fn object_id(text: &str) -> Result<Oid, String> {
    gitwire::parse_oid(text.as_bytes()).map_err(|_| "an object id is 40 or 64 hexadecimal digits".to_owned())
}
