//! What waits, for a person or until a side changes.

use super::*;

#[test]
fn what_the_server_rejects_waits_until_a_side_changes() {
    let outcome = webhook(rejected(RejectReason::Protected)).record();
    assert_eq!((outcome.retry_at, outcome.stay_due.len()), (None, 0));
    assert_eq!(
        (outcome.standing[0].why, outcome.standing[0].seen),
        (Why::Rejected, seen('b', 'a'))
    );
    assert_eq!(outcome.run.unwrap().run.state, State::Refused);
}

#[test]
fn a_conflict_waits_for_a_person_with_both_values_and_the_base() {
    let mut case = webhook(Became::Refused(Refusal::Conflict));
    case.memory.bases.insert(name("main"), Base::Agreed(id('d')));
    case.report.bases.insert(name("main"), Base::Void);
    let outcome = case.record();
    let standing = &outcome.standing[0];
    assert_eq!((standing.why, standing.seen), (Why::Conflict, seen('b', 'a')));
    assert_eq!(standing.base, Base::Agreed(id('d')));
    assert_eq!(outcome.bases[&name("main")], Base::Void);
    assert_eq!(outcome.retry_at, None);
}

#[test]
fn what_is_out_of_sync_one_way_is_a_conflict_too() {
    for refusal in [Refusal::OutOfSync, Refusal::NotFastForward, Refusal::Unproven] {
        let outcome = webhook(Became::Refused(refusal)).record();
        assert_eq!(outcome.standing[0].why, Why::Conflict, "{refusal:?}");
    }
}

#[test]
fn what_an_atomic_run_took_with_it_waits_for_nothing_of_its_own() {
    let outcome = webhook(Became::Refused(Refusal::Atomic)).record();
    assert!(outcome.standing.is_empty());
}

#[test]
fn a_conflict_is_over_when_both_sides_agree() {
    let before = [standing("main", Why::Conflict, 'b', 'a')];
    let equal = Case::due(swept(), Vec::new()).remembering(&before);
    assert_eq!(equal.record().settled, [name("main")]);
    let written = webhook(FORWARD).remembering(&before);
    assert_eq!(written.record().settled, [name("main")]);
}

#[test]
fn what_a_run_did_not_look_at_still_waits() {
    let before = [standing("other", Why::Conflict, 'b', 'a')];
    assert!(webhook(FORWARD).remembering(&before).record().settled.is_empty());
    let failed = Case::due(swept(), Vec::new())
        .remembering(&before)
        .failing(Side::Source, Fault::LengthRequired);
    assert!(failed.record().settled.is_empty());
}

#[test]
fn what_left_the_scope_waits_no_more() {
    let gone = Standing {
        name: gitwire::RefName::new("refs/pull/1/head").unwrap(),
        ..standing("x", Why::Rejected, 'b', 'a')
    };
    let outcome = Case::due(swept(), Vec::new())
        .remembering(std::slice::from_ref(&gone))
        .record();
    assert_eq!(outcome.settled, [gone.name]);
}

#[test]
fn what_waits_as_before_is_not_written_again_and_leaves_no_row() {
    let before = [standing("main", Why::Conflict, 'b', 'a')];
    let same = vec![reference("main", 'b', 'a', Became::Refused(Refusal::Conflict))];
    let outcome = Case::due(swept(), same).remembering(&before).record();
    assert!(outcome.standing.is_empty() && outcome.settled.is_empty() && outcome.run.is_none());

    let moved = vec![reference("main", 'c', 'a', Became::Refused(Refusal::Conflict))];
    let outcome = Case::due(swept(), moved).remembering(&before).record();
    assert_eq!(outcome.standing[0].since, before[0].since, "it waits since then");
    assert!(outcome.run.is_some());
}

#[test]
fn what_the_guard_holds_waits_and_the_run_is_held() {
    let case = Case::due(
        swept(),
        vec![
            reference("gone", '-', 'a', Became::Held),
            reference("new", 'b', '-', Became::Created),
        ],
    );
    let outcome = case.record();
    assert_eq!((outcome.standing[0].why, outcome.retry_at), (Why::Held, None));
    assert_eq!(outcome.run.unwrap().run.state, State::Held);
}

#[test]
fn what_still_waits_keeps_its_reason() {
    for (why, state) in [(Why::Held, State::Held), (Why::Rejected, State::Refused)] {
        let before = [standing("main", why, 'b', 'a')];
        let case = webhook(Became::Standing).remembering(&before);
        let outcome = case.record();
        assert!(outcome.standing.is_empty() && outcome.settled.is_empty());
        assert_eq!(outcome.run.unwrap().run.state, state);
    }
}

#[test]
fn a_deletion_that_is_not_mirrored_is_shown_and_no_failure() {
    let case = Case::due(
        dues(&[("main", &[event('a', '-')])]),
        vec![reference("main", '-', 'a', Became::DeletionSkipped)],
    );
    let outcome = case.record();
    assert_eq!(outcome.standing[0].why, Why::Deletion);
    assert_eq!(outcome.run.unwrap().run.state, State::Succeeded);
}

#[test]
fn what_one_side_alone_has_is_the_targets_own_one_way_and_a_deletion_both_ways() {
    for (direction, why) in [
        (Direction::OneWay, Why::TargetOnly),
        (Direction::TwoWay, Why::Deletion),
    ] {
        let mut case = Case::due(swept(), vec![reference("x", '-', 'a', Became::LeftAlone)]);
        case.direction = direction;
        assert_eq!(case.record().standing[0].why, why);
    }
}

#[test]
fn what_was_undone_waits_until_a_side_changes() {
    let inputs = Inputs {
        order: Some(Order::Undo { run: "0190".into() }),
        ..Inputs::default()
    };
    // The target had `b`, as the source has; it gets `a` back.
    let undone = RefReport {
        old: Some(oid('b')),
        new: Some(oid('a')),
        ..reference("main", 'b', 'b', Became::Updated(Lineage::Unproven))
    };
    let outcome = Case::asked(inputs, vec![undone]).record();
    assert_eq!(
        (outcome.standing[0].why, outcome.standing[0].seen),
        (Why::Refused, seen('b', 'a'))
    );
}

#[test]
fn an_order_for_other_values_leaves_the_conflict_as_it_is() {
    let before = [standing("main", Why::Conflict, 'b', 'a')];
    let case = Case::asked(
        Inputs::default(),
        vec![reference("main", 'c', 'a', Became::Refused(Refusal::Moved))],
    )
    .remembering(&before);
    let outcome = case.record();
    assert!(outcome.standing.is_empty() && outcome.settled.is_empty());
    assert_eq!(outcome.run.unwrap().run.state, State::Refused);
}
