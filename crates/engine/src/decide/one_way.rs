//! The one-way table: what the source has goes to the target, or nothing does.

use gitwire::Oid;

use super::{Action, Base, Force, Lineage, OldValue, Policy, Refusal, Sight, Verdict, write};
use crate::side::Side;

/// The old values that permit replacing what the target has.
struct Known {
    values: Vec<OldValue>,
}

impl Known {
    /// A webhook's hint never widens a base, known or void; what a person gave is taken as given.
    fn of(sight: &Sight<'_>) -> Self {
        let mut values: Vec<OldValue> = sight.hints.person.into_iter().collect();
        match sight.base {
            Base::Agreed(id) => values.push(id.map_or(OldValue::Absent, OldValue::At)),
            Base::Void => {}
            Base::Unknown => values.extend(sight.hints.events.source.iter().map(|event| event.old)),
        }
        Self { values }
    }

    fn nothing(&self) -> bool {
        self.values.is_empty()
    }

    fn has(&self, seen: Option<Oid>) -> bool {
        self.values.iter().any(|value| value.is(seen))
    }
}

pub(super) fn decide(sight: &Sight<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let known = Known::of(sight);
    match (sight.seen.source, sight.seen.target) {
        (None, None) => Ok(Verdict::InSync),
        (Some(new), None) => Ok(write(Side::Target, Action::Create { new })),
        (None, Some(old)) => Ok(delete(sight, policy, &known, old)),
        (Some(new), Some(old)) => update(sight, policy.force, &known, old, new),
    }
}

fn update(sight: &Sight<'_>, force: Force, known: &Known, old: Oid, new: Oid) -> Result<Verdict, Verdict> {
    let permitted = match force {
        Force::Always => true,
        Force::Lease => known.has(Some(old)),
        Force::Never => false,
    };
    if permitted {
        let lineage = sight.lineage_if_known(new, old);
        return Ok(write(Side::Target, Action::Update { old, new, lineage }));
    }
    let lineage = sight.lineage(new, old)?;
    Ok(match lineage {
        Lineage::Descends => write(Side::Target, Action::Update { old, new, lineage }),
        Lineage::Rewrites | Lineage::Unproven => Verdict::Refused(refusal(force, known, old, lineage)),
    })
}

fn refusal(force: Force, known: &Known, old: Oid, lineage: Lineage) -> Refusal {
    match lineage {
        _ if force == Force::Never && known.has(Some(old)) => Refusal::ForceNever,
        _ if !known.nothing() => Refusal::OutOfSync,
        Lineage::Unproven => Refusal::Unproven,
        Lineage::Descends | Lineage::Rewrites => Refusal::NotFastForward,
    }
}

fn delete(sight: &Sight<'_>, policy: &Policy, known: &Known, old: Oid) -> Verdict {
    if !policy.sync_delete.target {
        let expected = sight.named || !known.nothing();
        return if expected {
            Verdict::DeletionSkipped
        } else {
            Verdict::LeftAlone
        };
    }
    let asked = sight.named && (known.nothing() || policy.force == Force::Always);
    if asked || known.has(Some(old)) {
        write(Side::Target, Action::Delete { old })
    } else if known.nothing() {
        Verdict::LeftAlone
    } else {
        Verdict::Refused(Refusal::OutOfSync)
    }
}

#[cfg(test)]
mod tests;
