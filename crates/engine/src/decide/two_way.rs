//! The two-way table: what moved goes to the side that did not, and where both moved a person decides.

use gitwire::Oid;

use super::{Action, Base, Force, Lineage, Moved, OldValue, Policy, Refusal, Sight, Verdict, write};
use crate::side::Side;

const CONFLICT: Verdict = Verdict::Refused(Refusal::Conflict);

pub(super) fn decide(sight: &Sight<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    match sight.base {
        // Created and deleted since, or never created: whatever deletions do, nobody but a person knows.
        _ if sight.in_doubt => Ok(CONFLICT),
        Base::Agreed(base) => with_base(sight, policy, base),
        Base::Unknown => match one_sided(sight) {
            Some((to, new)) => Ok(write(to, Action::Create { new })),
            None => without_base(sight, policy),
        },
        // What is on one side only may have been deleted on the other: never resurrect it. Where deletions are mirrored it can stand
        // so only because nobody knows whether the deletion or the value came last.
        Base::Void => match one_sided(sight) {
            Some((lacks, _)) if *policy.sync_delete.of(lacks.other()) => Ok(CONFLICT),
            Some(_) => Ok(Verdict::LeftAlone),
            None => by_descent(sight, None),
        },
    }
}

/// If only one side has the reference: the side that lacks it, and the value.
fn one_sided(sight: &Sight<'_>) -> Option<(Side, Oid)> {
    match (sight.seen.source, sight.seen.target) {
        (Some(new), None) => Some((Side::Target, new)),
        (None, Some(new)) => Some((Side::Source, new)),
        _ => None,
    }
}

fn with_base(sight: &Sight<'_>, policy: &Policy, base: Option<Oid>) -> Result<Verdict, Verdict> {
    for to in [Side::Target, Side::Source] {
        if *sight.seen.of(to) == base {
            return carry(sight, policy, to);
        }
    }
    by_descent(sight, base)
}

/// One side still has the base: the other's change goes there, leased on it.
fn carry(sight: &Sight<'_>, policy: &Policy, to: Side) -> Result<Verdict, Verdict> {
    match (*sight.seen.of(to), *sight.seen.of(to.other())) {
        (old, Some(new)) => replace(sight, policy, to, old, new),
        (Some(old), None) if *policy.sync_delete.of(to) => Ok(write(to, Action::Delete { old })),
        (Some(_), None) => Ok(Verdict::DeletionSkipped),
        (None, None) => Ok(Verdict::InSync),
    }
}

fn replace(
    sight: &Sight<'_>,
    policy: &Policy,
    to: Side,
    old: Option<Oid>,
    new: Oid,
) -> Result<Verdict, Verdict> {
    let Some(old) = old else {
        return Ok(write(to, Action::Create { new }));
    };
    let lineage = match policy.force {
        Force::Never => sight.lineage(new, old)?,
        Force::Lease | Force::Always => sight.lineage_if_known(new, old),
    };
    if policy.force == Force::Never && lineage != Lineage::Descends {
        return Ok(Verdict::Refused(Refusal::ForceNever));
    }
    Ok(write(to, Action::Update { old, new, lineage }))
}

/// Both sides have a value and nothing was ever agreed on: what webhooks told may decide, then descent.
fn without_base(sight: &Sight<'_>, policy: &Policy) -> Result<Verdict, Verdict> {
    let permitted: Vec<Side> = [Side::Target, Side::Source]
        .into_iter()
        .filter(|to| hinted(sight, *to))
        .collect();
    match permitted[..] {
        [to] => match *sight.seen.of(to.other()) {
            Some(new) => replace(sight, policy, to, *sight.seen.of(to), new),
            None => Ok(CONFLICT),
        },
        _ => by_descent(sight, None),
    }
}

/// Whether the other side's events lead, one after the other, from the value that `to` has to the one that the other side
/// has now. A chain, because a late webhook would otherwise undo what a person did since.
fn hinted(sight: &Sight<'_>, to: Side) -> bool {
    let events: &[Moved] = sight.hints.events.of(to.other());
    let goal = *sight.seen.of(to.other());
    let mut reached = vec![*sight.seen.of(to)];
    let mut next = 0;
    while let Some(&value) = reached.get(next) {
        next += 1;
        let from = value.map_or(OldValue::Absent, OldValue::At);
        for event in events.iter().filter(|event| event.old == from) {
            if event.new == goal {
                return true;
            }
            if !reached.contains(&event.new) {
                reached.push(event.new);
            }
        }
    }
    false
}

/// The descendant goes to the other side, provided that neither side went back behind the base.
fn by_descent(sight: &Sight<'_>, base: Option<Oid>) -> Result<Verdict, Verdict> {
    for to in [Side::Target, Side::Source] {
        let (Some(old), Some(new)) = (*sight.seen.of(to), *sight.seen.of(to.other())) else {
            return Ok(CONFLICT);
        };
        let lineage = sight.lineage(new, old)?;
        if lineage != Lineage::Descends {
            continue;
        }
        // `new` descends from `old`: both descend from the base if `old` does.
        let from_base = base.map_or(Ok(Lineage::Descends), |base| sight.lineage(old, base))?;
        let descends = from_base == Lineage::Descends;
        return Ok(if descends {
            write(to, Action::Update { old, new, lineage })
        } else {
            CONFLICT
        });
    }
    Ok(CONFLICT)
}

#[cfg(test)]
mod tests;
