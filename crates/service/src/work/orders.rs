//! What a person ordered beside mirroring, as orders for the engine: in phases, each of which needs what the one before wrote.

use std::collections::BTreeMap;

use engine::decide::Direction;
use engine::order::Order;
use engine::side::{Both, Side};
use gitwire::{Oid, RefName};
use store::page::Ask;
use store::run::{self, RunRef};
use store::{Store, StoreError};

use super::request::{Unfit, object_id};
use crate::api::model::name_of_text;

/// The orders of one run of the engine.
pub(super) type Phase = BTreeMap<RefName, Order>;

/// The phases of an order.
pub(super) async fn phases(
    store: &Store,
    order: &run::Order,
) -> Result<Result<Vec<Phase>, Unfit>, StoreError> {
    Ok(match order {
        run::Order::Approve { run } => {
            let held = references(store, run, |one| one.outcome == "held").await?;
            something(held.iter().map(approve).collect(), "holds no reference", run)
        }
        run::Order::Undo { run } => {
            let replaced = references(store, run, |one| one.replaced).await?;
            something(
                replaced.iter().map(undo).collect(),
                "replaced and removed no reference",
                run,
            )
        }
        run::Order::Resolve {
            reference,
            take,
            keep_both,
            source,
            target,
        } => resolve(reference, take, *keep_both, source.as_deref(), target.as_deref()),
    })
}

/// An error if an order writes what the mirror never writes: it may have been two-way when that was shown.
pub(super) fn fits(phases: &[Phase], direction: Direction) -> Result<(), Unfit> {
    let writes_source = |order: &Order| match order {
        Order::Take { from, .. } => *from == Side::Target,
        Order::Put { to, .. } => *to == Side::Source,
    };
    match direction == Direction::OneWay && phases.iter().flat_map(BTreeMap::values).any(writes_source) {
        true => Err(Unfit::Inputs(
            "a one-way mirror never writes its source: this order would".into(),
        )),
        false => Ok(()),
    }
}

fn something(phase: Phase, lacks: &str, run: &str) -> Result<Vec<Phase>, Unfit> {
    match phase.is_empty() {
        true => Err(Unfit::Inputs(format!("the run {run} {lacks}"))),
        false => Ok(vec![phase]),
    }
}

async fn references(
    store: &Store,
    run: &str,
    wanted: impl Fn(&RunRef) -> bool,
) -> Result<Vec<RunRef>, StoreError> {
    let mut found = Vec::new();
    let mut ask = Ask {
        after: None,
        limit: 500,
    };
    loop {
        let page = store.run_refs(run, &ask).await?;
        found.extend(page.items.into_iter().filter(&wanted));
        match page.next {
            Some(next) => ask.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// What was held is written after all, if both sides still have what they had when it was held.
fn approve(held: &RunRef) -> (RefName, Order) {
    let mut expect = Both {
        source: None,
        target: None,
    };
    *expect.of_mut(held.to) = held.old;
    *expect.of_mut(held.to.other()) = held.new;
    let order = Order::Take {
        from: held.to.other(),
        expect,
    };
    (held.name.clone(), order)
}

/// What was replaced is put back, if it still has what the run wrote.
fn undo(replaced: &RunRef) -> (RefName, Order) {
    let order = Order::Put {
        to: replaced.to,
        expect: replaced.new,
        value: replaced.old,
    };
    (replaced.name.clone(), order)
}

fn resolve(
    reference: &str,
    take: &str,
    keep_both: bool,
    source: Option<&str>,
    target: Option<&str>,
) -> Result<Vec<Phase>, Unfit> {
    let name = name_of_text(reference)
        .ok_or_else(|| Unfit::Inputs("the reference is no full name such as refs/heads/main".into()))?;
    let from = match take {
        "source" => Side::Source,
        "target" => Side::Target,
        _ => {
            return Err(Unfit::Inputs("`take` is neither `source` nor `target`".into()));
        }
    };
    let id = |text: Option<&str>| text.map(object_id).transpose().map_err(Unfit::Inputs);
    let expect = Both {
        source: id(source)?,
        target: id(target)?,
    };
    let take = (name.clone(), Order::Take { from, expect });
    let loser = from.other();
    let Some(value) = (*expect.of(loser)).filter(|_| keep_both) else {
        return Ok(vec![[take].into()]);
    };
    // First where its objects are; then on the other side, which gets them from there. Only then is it replaced.
    let parked = parked(&name, value)?;
    let put = |to| Order::Put {
        to,
        expect: None,
        value: Some(value),
    };
    Ok(vec![
        [(parked.clone(), put(loser))].into(),
        [(parked, put(from))].into(),
        [take].into(),
    ])
}

/// Where the other value of a conflict is kept.
pub(crate) fn parked(name: &RefName, value: Oid) -> Result<RefName, Unfit> {
    let short = value.to_hex_with_len(10).to_string();
    let full = name.as_bytes();
    let rest = full
        .strip_prefix(b"refs/heads/".as_slice())
        .or_else(|| full.strip_prefix(b"refs/".as_slice()))
        .unwrap_or(full);
    let text = [
        b"refs/heads/refsync/parked/".as_slice(),
        rest,
        b"/",
        short.as_bytes(),
    ]
    .concat();
    RefName::new(text).map_err(|_| Unfit::Inputs("the name for the parked value is too long".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: char) -> Oid {
        object_id(&String::from(digit).repeat(40)).unwrap()
    }

    fn text(digit: char) -> String {
        String::from(digit).repeat(40)
    }

    fn name(text: &str) -> RefName {
        RefName::new(text).unwrap()
    }

    fn run_ref(to: Side, old: Option<Oid>, new: Option<Oid>) -> RunRef {
        RunRef {
            name: name("refs/heads/main"),
            to,
            old,
            new,
            outcome: "held".into(),
            text: String::new(),
            remote: None,
            replaced: true,
        }
    }

    #[test]
    fn an_approval_is_leased_on_both_values_that_were_held() {
        let (_, order) = approve(&run_ref(Side::Target, Some(oid('a')), None));
        let expect = Both {
            source: None,
            target: Some(oid('a')),
        };
        assert_eq!(
            order,
            Order::Take {
                from: Side::Source,
                expect
            }
        );
    }

    #[test]
    fn no_order_writes_the_source_of_a_one_way_mirror() {
        let put = |to| vec![Phase::from([undo(&run_ref(to, Some(oid('a')), Some(oid('b'))))])];
        assert!(fits(&put(Side::Source), Direction::OneWay).is_err());
        assert!(fits(&put(Side::Source), Direction::TwoWay).is_ok());
        assert!(fits(&put(Side::Target), Direction::OneWay).is_ok());
        let take = vec![Phase::from([approve(&run_ref(
            Side::Source,
            None,
            Some(oid('b')),
        ))])];
        assert!(fits(&take, Direction::OneWay).is_err());
    }

    #[test]
    fn an_undo_is_leased_on_what_the_run_wrote() {
        let (_, order) = undo(&run_ref(Side::Source, Some(oid('a')), Some(oid('b'))));
        let expected = Order::Put {
            to: Side::Source,
            expect: Some(oid('b')),
            value: Some(oid('a')),
        };
        assert_eq!(order, expected);
    }

    #[test]
    fn keeping_both_parks_the_other_value_on_both_sides_before_anything_is_replaced() {
        let phases = resolve(
            "refs/heads/a/b",
            "source",
            true,
            Some(&text('a')),
            Some(&text('b')),
        )
        .unwrap();
        let parked = name("refs/heads/refsync/parked/a/b/bbbbbbbbbb");
        let put = |to| Order::Put {
            to,
            expect: None,
            value: Some(oid('b')),
        };
        assert_eq!(phases.len(), 3);
        assert_eq!(phases[0][&parked], put(Side::Target));
        assert_eq!(phases[1][&parked], put(Side::Source));
        assert!(matches!(
            phases[2][&name("refs/heads/a/b")],
            Order::Take {
                from: Side::Source,
                ..
            }
        ));
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_ordered_as_it_is_shown() {
        let phases = resolve(
            "refs/heads/caf\\xe9",
            "source",
            true,
            Some(&text('a')),
            Some(&text('b')),
        )
        .unwrap();
        let bytes = |name: &[u8]| RefName::new(name).unwrap();
        assert!(phases[2].contains_key(&bytes(b"refs/heads/caf\xe9")));
        assert!(phases[0].contains_key(&bytes(b"refs/heads/refsync/parked/caf\xe9/bbbbbbbbbb")));
    }

    #[test]
    fn a_side_without_a_value_has_nothing_to_park() {
        let phases = resolve("refs/heads/main", "source", true, Some(&text('a')), None).unwrap();
        assert_eq!(phases.len(), 1);
    }

    #[test]
    fn what_was_typed_wrong_is_told() {
        assert!(resolve("main", "source", false, None, None).is_err());
        assert!(resolve("refs/heads/main", "both", false, None, None).is_err());
        assert!(resolve("refs/heads/main", "source", false, Some("xyz"), None).is_err());
    }
}
