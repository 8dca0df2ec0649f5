//! What holds of every decision, whatever was seen and said.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use super::testing::{Case, Oracle, commits, descends, old_value, value};
use super::*;

/// The same cases in every run.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2048,
        rng_seed: RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A commit, or none.
fn a_value() -> impl Strategy<Value = Option<Oid>> {
    let mut letters = commits();
    letters.push('-');
    select(letters).prop_map(value)
}

fn an_old_value() -> impl Strategy<Value = OldValue> {
    a_value().prop_map(|id| id.map_or(OldValue::Absent, OldValue::At))
}

fn an_event() -> impl Strategy<Value = Moved> {
    (an_old_value(), a_value()).prop_map(|(old, new)| Moved { old, new })
}

fn a_base() -> impl Strategy<Value = Base> {
    prop_oneof![
        Just(Base::Unknown),
        Just(Base::Void),
        a_value().prop_map(Base::Agreed),
    ]
}

prop_compose! {
    fn some_hints()(
        person in proptest::option::of(an_old_value()),
        source in vec(an_event(), 0..4),
        target in vec(an_event(), 0..4),
    ) -> Hints {
        Hints { person, events: Both { source, target } }
    }
}

prop_compose! {
    fn a_policy()(
        force in select(vec![Force::Never, Force::Lease, Force::Always]),
        source: bool,
        target: bool,
    ) -> Policy {
        Policy { sync_delete: Both { source, target }, force }
    }
}

prop_compose! {
    fn any_case()(
        direction in select(vec![Direction::OneWay, Direction::TwoWay]),
        name in select(vec!["refs/heads/main", "refs/tags/v1", "refs/notes/commits"]),
        source in a_value(),
        target in a_value(),
        base in a_base(),
        hints in some_hints(),
        named: bool,
        policy in a_policy(),
        oracle in select(vec![Oracle::Truth, Oracle::Unproven]),
    ) -> Case {
        let name = RefName::new(name).unwrap();
        let seen = Both { source, target };
        Case { direction, name, seen, base, hints, named, policy, oracle }
    }
}

fn a_case(direction: Direction) -> impl Strategy<Value = Case> {
    any_case().prop_map(move |case| Case { direction, ..case })
}

/// What is written in the end, if anything.
fn change(case: &Case) -> Option<Change> {
    match case.verdict() {
        Verdict::Write(change) => Some(change),
        _ => None,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_decision_ends_after_three_questions_at_most(case in any_case()) {
        let (verdict, asked) = case.settle();
        prop_assert!(!matches!(verdict, Verdict::NeedsLineage(_)));
        prop_assert!(asked.len() <= 3, "{asked:?}");
        prop_assert!(asked.is_empty() || !case.name.is_tag(), "of a tag nobody asks");
    }

    #[test]
    fn sides_are_in_sync_if_and_only_if_they_are_equal(case in any_case()) {
        prop_assert_eq!(case.verdict() == Verdict::InSync, case.seen.source == case.seen.target);
    }

    #[test]
    fn every_write_carries_the_other_sides_value_and_is_leased_on_what_was_seen(case in any_case()) {
        if let Some(Change { to, action }) = change(&case) {
            prop_assert_eq!(action.old_value(), *case.seen.of(to));
            prop_assert_eq!(action.new_value(), *case.seen.of(to.other()));
        }
    }

    #[test]
    fn a_lineage_that_is_told_is_true(case in any_case()) {
        if let Some(Change { action: Action::Update { old, new, lineage }, .. }) = change(&case) {
            match lineage {
                Lineage::Descends => prop_assert!(descends(new, old) && !case.name.is_tag()),
                Lineage::Rewrites => prop_assert!(!descends(new, old) || case.name.is_tag()),
                Lineage::Unproven => {}
            }
        }
    }

    #[test]
    fn under_never_nothing_is_rewritten(case in any_case()) {
        let mut case = case;
        case.policy.force = Force::Never;
        if let Some(Change { action: Action::Update { old, new, .. }, .. }) = change(&case) {
            prop_assert!(descends(new, old) && !case.name.is_tag());
        }
    }

    #[test]
    fn nothing_is_deleted_on_a_side_where_deletions_are_not_mirrored(case in any_case()) {
        if let Some(Change { to, action: Action::Delete { .. } }) = change(&case) {
            prop_assert!(*case.policy.sync_delete.of(to));
        }
    }

    #[test]
    fn a_one_way_mirror_never_writes_its_source(case in a_case(Direction::OneWay)) {
        prop_assert!(change(&case).is_none_or(|change| change.to == Side::Target));
    }

    #[test]
    fn one_way_what_is_lost_was_told_by_somebody(case in a_case(Direction::OneWay)) {
        let Some(change) = change(&case) else { return Ok(()) };
        let loses = match change.action {
            Action::Create { .. } => false,
            Action::Update { old, new, .. } => case.name.is_tag() || !descends(new, old),
            Action::Delete { .. } => true,
        };
        let told = {
            let seen = case.seen.target;
            let person = case.hints.person.is_some_and(|old| old.is(seen));
            let base = case.base == Base::Agreed(seen);
            let webhook = case.hints.events.source.iter().any(|event| event.old.is(seen));
            person || base || (webhook && case.base == Base::Unknown)
        };
        let forced = case.policy.force == Force::Always && (case.named || change.action.new_value().is_some());
        let asked_by_name = case.named && change.action.new_value().is_none();
        prop_assert!(!loses || told || forced || asked_by_name, "{change:?}");
    }

    #[test]
    fn one_way_a_webhook_changes_nothing_where_there_is_a_base(case in a_case(Direction::OneWay)) {
        let mut case = case;
        if case.base == Base::Unknown {
            case.base = Base::Void;
        }
        let mut silent = case.clone();
        silent.hints.events = Both::default();
        prop_assert_eq!(case.verdict(), silent.verdict());
    }

    #[test]
    fn one_way_more_rights_never_write_less(case in a_case(Direction::OneWay)) {
        let with = |force| {
            let mut case = case.clone();
            case.policy.force = force;
            change(&case).is_some()
        };
        prop_assert!(with(Force::Never) <= with(Force::Lease));
        prop_assert!(with(Force::Lease) <= with(Force::Always));
    }

    #[test]
    fn two_way_the_sides_are_equals(case in a_case(Direction::TwoWay)) {
        let exchanged = match case.mirrored().verdict() {
            Verdict::Write(Change { to, action }) => write(to.other(), action),
            other => other,
        };
        prop_assert_eq!(case.verdict(), exchanged);
    }

    #[test]
    fn two_way_where_both_changed_only_what_contains_everything_is_written(case in a_case(Direction::TwoWay)) {
        let Base::Agreed(base) = case.base else { return Ok(()) };
        if case.seen.source == base || case.seen.target == base {
            return Ok(());
        }
        let Some(change) = change(&case) else { return Ok(()) };
        let Action::Update { old, new, .. } = change.action else {
            return Err(TestCaseError::fail(format!("{change:?}")));
        };
        prop_assert!(descends(new, old) && base.is_none_or(|base| descends(old, base)));
        prop_assert!(case.oracle == Oracle::Truth && !case.name.is_tag());
    }

    #[test]
    fn two_way_what_one_side_alone_changed_is_carried_to_the_other(case in a_case(Direction::TwoWay)) {
        let mut case = case;
        case.base = Base::Agreed(case.seen.target);
        case.policy.sync_delete.target = true;
        if case.policy.force == Force::Never {
            case.policy.force = Force::Lease;
        }
        prop_assume!(case.seen.source != case.seen.target);
        let change = change(&case);
        prop_assert!(change.is_some_and(|change| change.to == Side::Target), "{change:?}");
    }

    #[test]
    fn two_way_a_void_base_brings_nothing_back_and_takes_nothing_away(case in a_case(Direction::TwoWay)) {
        let mut case = case;
        case.base = Base::Void;
        if let Some(change) = change(&case) {
            let Action::Update { old, new, .. } = change.action else {
                return Err(TestCaseError::fail(format!("{change:?}")));
            };
            prop_assert!(descends(new, old));
        }
    }

    #[test]
    fn two_way_without_a_base_what_is_rewritten_was_told_by_its_side(case in a_case(Direction::TwoWay)) {
        let mut case = case;
        case.base = Base::Unknown;
        let Some(change) = change(&case) else { return Ok(()) };
        let Action::Update { old, new, .. } = change.action else { return Ok(()) };
        let events = case.hints.events.of(change.to.other());
        let told = events.iter().any(|event| event.old == OldValue::At(old))
            && events.iter().any(|event| event.new == Some(new));
        prop_assert!(told || (descends(new, old) && !case.name.is_tag()), "{change:?}");
    }
}

#[test]
fn all_zeros_and_nothing_told_are_two_things() {
    assert!(old_value('-').is(None) && !old_value('-').is(value('a')));
    assert!(old_value('a').is(value('a')) && !old_value('a').is(None));
    let told = Case::one_way('c', 'x').told_by_person('-').verdict();
    let untold = Case::one_way('c', 'x').verdict();
    assert_eq!(told, Verdict::Refused(Refusal::OutOfSync));
    assert_eq!(untold, Verdict::Refused(Refusal::NotFastForward));
}
