//! A run from target to source: the same request with its sides exchanged, and its report with the sides put back. The engine
//! knows one direction alone.

use engine::base::Intent;
use engine::decide::Hints;
use engine::order::Order;
use engine::report::Report;
use engine::request::Request;
use engine::side::Both;
use gitwire::Oid;

fn both<T>(both: Both<T>) -> Both<T> {
    Both {
        source: both.target,
        target: both.source,
    }
}

/// The request for a run the other way.
pub(super) fn request(request: Request) -> Request {
    let seen = |seen: Both<Option<Oid>>| both(seen);
    Request {
        ends: both(request.ends),
        policy: engine::decide::Policy {
            sync_delete: both(request.policy.sync_delete),
            ..request.policy
        },
        hints: request
            .hints
            .into_iter()
            .map(|(name, hints)| (name, self::hints(hints)))
            .collect(),
        intents: request
            .intents
            .into_iter()
            .map(|(name, one)| (name, intent(one)))
            .collect(),
        standing: request
            .standing
            .into_iter()
            .map(|(name, values)| (name, seen(values)))
            .collect(),
        orders: request
            .orders
            .into_iter()
            .map(|(name, one)| (name, order(one)))
            .collect(),
        ..request
    }
}

/// The report of such a run, as if it had been told of the mirror as it is configured.
pub(super) fn report(mut report: Report) -> Report {
    for reference in &mut report.references {
        reference.to = reference.to.other();
        reference.seen = both(reference.seen);
    }
    for (side, _) in &mut report.invalid_names {
        *side = side.other();
    }
    if let Some(error) = &mut report.error {
        error.side = error.side.other();
    }
    report.scope = both(report.scope);
    report
}

/// An intent of such a run.
pub(super) fn intent(intent: Intent) -> Intent {
    Intent {
        to: intent.to.other(),
        ..intent
    }
}

fn hints(hints: Hints) -> Hints {
    Hints {
        events: both(hints.events),
        ..hints
    }
}

fn order(order: Order) -> Order {
    match order {
        Order::Take { from, expect } => Order::Take {
            from: from.other(),
            expect: both(expect),
        },
        Order::Put { to, expect, value } => Order::Put {
            to: to.other(),
            expect,
            value,
        },
    }
}

#[cfg(test)]
mod tests {
    use engine::decide::Direction;
    use engine::report::Outcome;
    use engine::side::Side;

    use super::*;
    use crate::work::tests::fixture::{self, event, id, mirror, name, reference, seen};

    #[test]
    fn every_side_of_a_request_is_exchanged() {
        let mut request = fixture::request(&mirror(Direction::TwoWay));
        request.policy.sync_delete.source = true;
        let hints = Hints {
            person: None,
            events: Both {
                source: vec![event('a', 'b')],
                target: Vec::new(),
            },
        };
        request.hints.insert(name("main"), hints);
        request.standing.insert(name("main"), seen('a', 'b'));
        let one = Intent {
            to: Side::Target,
            old: None,
            new: id('a'),
        };
        request.intents.insert(name("main"), one);
        let take = Order::Take {
            from: Side::Source,
            expect: seen('a', 'b'),
        };
        request.orders.insert(name("main"), take);

        let turned = super::request(request);
        assert_eq!(turned.ends.source.url.host().as_deref(), Some("other.example"));
        assert_eq!(
            turned.policy.sync_delete,
            Both {
                source: false,
                target: true
            }
        );
        assert_eq!(turned.hints[&name("main")].events.target, [event('a', 'b')]);
        assert_eq!(turned.standing[&name("main")], seen('b', 'a'));
        assert_eq!(turned.intents[&name("main")].to, Side::Source);
        let expected = Order::Take {
            from: Side::Target,
            expect: seen('b', 'a'),
        };
        assert_eq!(turned.orders[&name("main")], expected);
    }

    #[test]
    fn every_side_of_a_report_is_put_back() {
        let mut report = Report {
            references: vec![reference("main", 'b', 'a', Outcome::Created)],
            ..Report::default()
        };
        report.scope = Both { source: 1, target: 2 };
        let turned = super::report(report);
        assert_eq!(turned.references[0].to, Side::Source);
        assert_eq!(turned.references[0].seen, seen('a', 'b'));
        assert_eq!(turned.scope, Both { source: 2, target: 1 });
    }
}
