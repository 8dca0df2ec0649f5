//! The two-way protocol, checked exhaustively for small sizes: people on both sides who push, force, delete and make again,
//! workers that die or lose their claim between any two steps, webhooks that are lost, late, doubled and shuffled.
//!
//! `REFSYNC_PROTOCOL_ACTS=4 cargo test --release -p engine --test protocol` checks a larger world; it takes minutes.

mod history;
mod properties;
mod protocol;
mod rules;
mod state;

use std::fmt::Write;

use engine::side::Both;
use gitwire::RefName;
use stateright::{Checker, HasDiscoveries, Model};

use crate::history::Value;
use crate::properties::{LEFT, LOST, PING_PONG, SETTLED, UNDONE, WRITTEN};
use crate::protocol::{Astray, Protocol, World};
use crate::rules::Rules;
use crate::state::Note;

/// How often people act: `usual` times, or as often as somebody who has time says.
fn acts(usual: u8) -> u8 {
    let asked = std::env::var("REFSYNC_PROTOCOL_ACTS").ok();
    asked.map_or(usual, |asked| asked.parse().expect("a number of acts"))
}

/// Walks all states, of which there are `at_least` so many. Fails with the shortest way to a state in which something does not hold.
fn holds<const R: usize>(at_least: usize, protocol: Protocol) {
    let checker = World::<R>(protocol).checker().spawn_bfs().join();
    let discoveries = checker.discoveries();
    let mut trouble = String::new();
    for name in [LOST, UNDONE, PING_PONG, SETTLED] {
        let Some(path) = discoveries.get(name) else {
            continue;
        };
        let _ = writeln!(trouble, "not so: {name}");
        for (state, action) in path.clone().into_vec() {
            let now: Vec<_> = state.refs.iter().map(|it| (it.now, it.base, it.intent)).collect();
            let _ = writeln!(trouble, "  {now:?}\n  {action:?}");
        }
    }
    assert!(trouble.is_empty(), "{trouble}");
    for name in [WRITTEN, LEFT] {
        assert!(discoveries.contains_key(name), "never so: {name}");
    }
    // So that nobody makes the world small without knowing.
    let different = checker.unique_state_count();
    assert!(different >= at_least, "only {different} states");
}

/// Whether some history takes from people what they did.
fn takes_from_people(protocol: Protocol) -> bool {
    let checker = World::<1>(protocol)
        .checker()
        .finish_when(HasDiscoveries::AnyFailures);
    let found = checker.spawn_bfs().join().discoveries();
    [LOST, UNDONE].into_iter().any(|name| found.contains_key(name))
}

fn no_deletions(mut protocol: Protocol) -> Protocol {
    protocol.policy.sync_delete = Both::from_fn(|_| false);
    protocol
}

#[test]
fn a_branch_that_was_agreed_on() {
    holds::<1>(110_000, Protocol::new(acts(3), 2));
}

#[test]
fn a_branch_whose_deletions_are_not_mirrored() {
    holds::<1>(45_000, no_deletions(Protocol::new(acts(3), 1)));
}

/// A name that neither side has yet, and deletions that are not mirrored.
fn new_name() -> Protocol {
    no_deletions(Protocol {
        starts: vec![([Value(0), Value(0)], Note::Unknown)],
        commits: 3,
        ..Protocol::new(acts(3), 2)
    })
}

#[test]
fn a_branch_that_is_new() {
    holds::<1>(1_000, new_name());
}

#[test]
fn without_doubts_a_creation_that_was_cut_is_never_made_and_nobody_is_told() {
    let mut protocol = new_name();
    protocol.rules.doubts = false;
    let checker = World::<1>(protocol)
        .checker()
        .finish_when(HasDiscoveries::AnyFailures);
    assert!(checker.spawn_bfs().join().discoveries().contains_key(SETTLED));
}

#[test]
fn a_tag() {
    holds::<1>(
        50_000,
        Protocol {
            name: RefName::new("refs/tags/v1").unwrap(),
            ..Protocol::new(acts(3), 1)
        },
    );
}

#[test]
fn looks_at_both_sides_that_are_apart() {
    holds::<1>(
        80_000,
        Protocol {
            apart: true,
            ..Protocol::new(acts(3), 1)
        },
    );
}

#[test]
fn webhooks_that_are_lost_late_and_doubled() {
    let never = |source, target| ([Value(source), Value(target)], Note::Unknown);
    holds::<1>(
        250_000,
        Protocol {
            webhooks: true,
            starts: vec![never(2, 2)],
            ..Protocol::new(acts(2), 0)
        },
    );
}

#[test]
fn two_branches_in_one_run() {
    holds::<2>(
        4_000,
        Protocol {
            commits: 2,
            ..Protocol::new(2, 1)
        },
    );
}

/// The protocol without one of its rules, in a world that is large enough to miss it.
fn without(change: impl FnOnce(&mut Rules)) -> Protocol {
    let mut protocol = Protocol::new(3, 1);
    change(&mut protocol.rules);
    protocol
}

#[test]
fn without_intents_or_leases_people_lose_what_they_did() {
    assert!(takes_from_people(without(|rules| rules.intents = false)));
    assert!(takes_from_people(without(|rules| rules.leases = false)));
}

#[test]
fn without_a_void_base_people_lose_what_they_did() {
    assert!(takes_from_people(
        without(|rules| rules.void_after_intent = false)
    ));
    assert!(takes_from_people(without(
        |rules| rules.void_after_lost_lease = false
    )));
    assert!(takes_from_people(without(
        |rules| rules.void_after_coincidence = false
    )));
    assert!(takes_from_people(without(
        |rules| rules.void_after_conflict = false
    )));
}

#[test]
fn a_void_base_that_is_taken_for_an_unknown_one_brings_back_what_was_deleted() {
    assert!(takes_from_people(no_deletions(without(|rules| rules
        .void_is_not_unknown =
        false))));
}

#[test]
fn a_worker_without_its_claim_must_not_record() {
    let protocol = Protocol {
        astray: Astray::Ever,
        ..without(|rules| rules.fences = false)
    };
    assert!(takes_from_people(protocol));
}

#[test]
fn webhooks_that_outweigh_a_base_undo_what_people_did() {
    let protocol = Protocol {
        webhooks: true,
        faults: 0,
        ..without(|rules| rules.base_before_hints = false)
    };
    assert!(takes_from_people(protocol));
}

#[test]
fn a_push_that_lands_after_the_next_run_can_undo_what_was_done_since() {
    // What no lease on a value can tell: the value that it expects is there. Nothing in Git tells an old push from a new one.
    assert!(takes_from_people(Protocol {
        astray: Astray::Ever,
        ..Protocol::new(3, 1)
    }));
}
