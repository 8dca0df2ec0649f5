//! One test for each cell of the two-way table. Each case is tried in both directions.

use super::*;
use crate::decide::Change;
use crate::decide::testing::*;

/// The verdict, after the case with exchanged sides was found to have the same, with exchanged sides.
fn verdict(case: &Case) -> Verdict {
    let verdict = case.verdict();
    let exchanged = match verdict {
        Verdict::Write(Change { to, action }) => write(to.other(), action),
        other => other,
    };
    assert_eq!(
        case.mirrored().verdict(),
        exchanged,
        "with exchanged sides: {case:?}"
    );
    verdict
}

#[test]
fn equal_sides_are_in_sync() {
    assert_eq!(verdict(&Case::two_way('b', 'b')), Verdict::InSync);
    assert_eq!(verdict(&Case::two_way('b', 'b').base('a')), Verdict::InSync);
    assert_eq!(verdict(&Case::two_way('b', 'b').void_base()), Verdict::InSync);
    assert_eq!(verdict(&Case::two_way('-', '-').base('a')), Verdict::InSync);
}

#[test]
fn what_moved_goes_to_the_side_that_still_has_the_base() {
    let forward = Case::two_way('c', 'b').base('b');
    assert_eq!(
        verdict(&forward),
        updates(Side::Target, 'b', 'c', Lineage::Unproven)
    );
    // A rewrite and a rewind as well: the other side did not change.
    for (new, base) in [('x', 'c'), ('a', 'c'), ('z', 'b')] {
        let case = Case::two_way(new, base).base(base);
        assert_eq!(
            verdict(&case),
            updates(Side::Target, base, new, Lineage::Unproven)
        );
    }
}

#[test]
fn what_was_created_goes_to_the_side_that_still_lacks_it() {
    assert_eq!(
        verdict(&Case::two_way('b', '-').base('-')),
        creates(Side::Target, 'b')
    );
    assert_eq!(
        verdict(&Case::two_way('-', 'b').base('-')),
        creates(Side::Source, 'b')
    );
}

#[test]
fn a_tag_that_moved_goes_to_the_side_that_still_has_the_base() {
    let case = Case::two_way('c', 'b').base('b').tag();
    assert_eq!(verdict(&case), updates(Side::Target, 'b', 'c', Lineage::Rewrites));
}

#[test]
fn under_never_only_descendants_go_to_the_side_that_still_has_the_base() {
    let case = Case::two_way('c', 'b').base('b').force(Force::Never);
    assert_eq!(verdict(&case), updates(Side::Target, 'b', 'c', Lineage::Descends));
    let refused = Verdict::Refused(Refusal::ForceNever);
    assert_eq!(
        verdict(&Case::two_way('x', 'c').base('c').force(Force::Never)),
        refused
    );
    assert_eq!(
        verdict(&Case::two_way('c', 'b').base('b').force(Force::Never).unproven()),
        refused
    );
    assert_eq!(
        verdict(&Case::two_way('c', 'b').base('b').force(Force::Never).tag()),
        refused
    );
}

#[test]
fn a_deletion_goes_to_the_side_that_still_has_the_base() {
    let case = Case::two_way('-', 'b').base('b').sync_delete();
    assert_eq!(verdict(&case), deletes(Side::Target, 'b'));
    assert_eq!(verdict(&case.tag()), deletes(Side::Target, 'b'));
}

#[test]
fn a_deletion_is_skipped_where_that_side_takes_none() {
    assert_eq!(
        verdict(&Case::two_way('-', 'b').base('b')),
        Verdict::DeletionSkipped
    );
    let other_side = Case::two_way('-', 'b').base('b').sync_delete_on(Side::Source);
    assert_eq!(verdict(&other_side), Verdict::DeletionSkipped);
    let this_side = Case::two_way('-', 'b').base('b').sync_delete_on(Side::Target);
    assert_eq!(verdict(&this_side), deletes(Side::Target, 'b'));
}

#[test]
fn of_two_descendants_of_the_base_the_later_goes_to_the_other_side() {
    let case = Case::two_way('d', 'c').base('b');
    assert_eq!(verdict(&case), updates(Side::Target, 'c', 'd', Lineage::Descends));
    // Both were created, and one is ahead.
    let case = Case::two_way('d', 'c').base('-');
    assert_eq!(verdict(&case), updates(Side::Target, 'c', 'd', Lineage::Descends));
}

#[test]
fn two_descendants_of_the_base_that_diverged_are_a_conflict() {
    assert_eq!(verdict(&Case::two_way('d', 'x').base('b')), CONFLICT);
    assert_eq!(verdict(&Case::two_way('d', 'x').base('-')), CONFLICT);
}

#[test]
fn a_rewind_against_an_advance_is_a_conflict() {
    // `d` descends from `a`, but who went back to `a` took `b` away.
    assert_eq!(verdict(&Case::two_way('d', 'a').base('b')), CONFLICT);
    assert_eq!(verdict(&Case::two_way('b', 'a').base('c')), CONFLICT);
}

#[test]
fn a_deletion_against_a_move_is_a_conflict() {
    for case in [
        Case::two_way('-', 'c').base('b'),
        Case::two_way('-', 'a').base('b'),
    ] {
        assert_eq!(verdict(&case), CONFLICT);
        assert_eq!(verdict(&case.sync_delete()), CONFLICT);
    }
}

#[test]
fn two_rewrites_are_a_conflict() {
    assert_eq!(verdict(&Case::two_way('x', 'z').base('c')), CONFLICT);
    // One on top of the other, both beside the base.
    assert_eq!(verdict(&Case::two_way('d', 'c').base('x')), CONFLICT);
}

#[test]
fn two_moves_of_a_tag_are_a_conflict() {
    assert_eq!(verdict(&Case::two_way('d', 'c').base('b').tag()), CONFLICT);
}

#[test]
fn a_conflict_stays_one_whatever_the_force_and_the_hints() {
    for force in [Force::Never, Force::Lease, Force::Always] {
        let case = Case::two_way('d', 'x')
            .base('b')
            .force(force)
            .told_by_person('x')
            .told_by_webhook(Side::Source, 'x', 'd');
        assert_eq!(case.verdict(), CONFLICT, "{force:?}");
    }
}

#[test]
fn both_moved_and_nobody_can_tell_is_a_conflict() {
    assert_eq!(verdict(&Case::two_way('d', 'c').base('b').unproven()), CONFLICT);
}

#[test]
fn what_one_side_alone_has_and_nobody_saw_before_is_created() {
    assert_eq!(verdict(&Case::two_way('b', '-')), creates(Side::Target, 'b'));
    assert_eq!(
        verdict(&Case::two_way('-', 'b').tag()),
        creates(Side::Source, 'b')
    );
}

#[test]
fn a_void_base_never_brings_back_what_one_side_lacks() {
    for case in [
        Case::two_way('b', '-'),
        Case::two_way('-', 'b'),
        Case::two_way('b', '-').sync_delete_on(Side::Target),
        Case::two_way('b', '-').told_by_webhook(Side::Source, '-', 'b'),
        Case::two_way('b', '-').force(Force::Always),
    ] {
        assert_eq!(verdict(&case.void_base()), Verdict::LeftAlone);
    }
}

#[test]
fn a_void_base_where_deletions_are_mirrored_is_a_conflict() {
    for case in [
        Case::two_way('b', '-').sync_delete(),
        Case::two_way('b', '-').sync_delete_on(Side::Source),
        Case::two_way('b', '-').sync_delete().tag(),
    ] {
        assert_eq!(verdict(&case.void_base()), CONFLICT);
    }
}

#[test]
fn without_a_base_a_descendant_goes_to_the_other_side() {
    let forward = updates(Side::Target, 'b', 'd', Lineage::Descends);
    assert_eq!(verdict(&Case::two_way('d', 'b')), forward);
    assert_eq!(verdict(&Case::two_way('d', 'b').void_base()), forward);
    assert_eq!(verdict(&Case::two_way('d', 'b').force(Force::Never)), forward);
}

#[test]
fn without_a_base_what_diverged_is_a_conflict() {
    for case in [
        Case::two_way('d', 'x'),
        Case::two_way('z', 'a'),
        Case::two_way('d', 'b').unproven(),
        Case::two_way('d', 'b').tag(),
        Case::two_way('d', 'x').force(Force::Always),
    ] {
        assert_eq!(verdict(&case), CONFLICT);
        assert_eq!(verdict(&case.void_base()), CONFLICT);
    }
}

#[test]
fn without_a_base_an_event_permits_to_replace_what_it_replaced() {
    // The source went from `x` to `d`, says its webhook, and the target still has `x`.
    let case = Case::two_way('d', 'x').told_by_webhook(Side::Source, 'x', 'd');
    assert_eq!(verdict(&case), updates(Side::Target, 'x', 'd', Lineage::Unproven));
    let tag = case.tag();
    assert_eq!(verdict(&tag), updates(Side::Target, 'x', 'd', Lineage::Rewrites));
}

#[test]
fn events_count_as_a_chain_in_any_order() {
    let case = Case::two_way('z', 'x')
        .told_by_webhook(Side::Source, 'd', 'z')
        .told_by_webhook(Side::Source, 'x', 'd');
    assert_eq!(verdict(&case), updates(Side::Target, 'x', 'z', Lineage::Unproven));
    // Over a deletion, too.
    let deleted = Case::two_way('z', 'x')
        .told_by_webhook(Side::Source, 'x', '-')
        .told_by_webhook(Side::Source, '-', 'z');
    assert_eq!(
        verdict(&deleted),
        updates(Side::Target, 'x', 'z', Lineage::Unproven)
    );
}

#[test]
fn an_event_that_does_not_lead_to_the_present_value_permits_nothing() {
    // The source went from `x` to `d`, and a person has since reset it to `z`, of which no event has come yet.
    let late = Case::two_way('z', 'x').told_by_webhook(Side::Source, 'x', 'd');
    assert_eq!(verdict(&late), CONFLICT);
    // It speaks of another value than the one that would be replaced.
    let other = Case::two_way('z', 'x').told_by_webhook(Side::Source, 'b', 'z');
    assert_eq!(verdict(&other), CONFLICT);
    // A circle of events leads nowhere.
    let circle = Case::two_way('z', 'x')
        .told_by_webhook(Side::Source, 'x', 'd')
        .told_by_webhook(Side::Source, 'd', 'x');
    assert_eq!(verdict(&circle), CONFLICT);
}

#[test]
fn events_of_one_side_permit_to_write_the_other_only() {
    let case = Case::two_way('d', 'x').told_by_webhook(Side::Target, 'x', 'd');
    assert_eq!(verdict(&case), CONFLICT);
}

#[test]
fn events_that_permit_both_directions_permit_none() {
    let case = Case::two_way('d', 'x')
        .told_by_webhook(Side::Source, 'x', 'd')
        .told_by_webhook(Side::Target, 'd', 'x');
    assert_eq!(verdict(&case), CONFLICT);
    // Descent still can.
    let descends = Case::two_way('d', 'c')
        .told_by_webhook(Side::Source, 'c', 'd')
        .told_by_webhook(Side::Target, 'd', 'c');
    assert_eq!(
        verdict(&descends),
        updates(Side::Target, 'c', 'd', Lineage::Descends)
    );
}

#[test]
fn under_never_an_event_does_not_permit_a_rewrite() {
    let case = Case::two_way('d', 'x').told_by_webhook(Side::Source, 'x', 'd');
    assert_eq!(
        verdict(&case.force(Force::Never)),
        Verdict::Refused(Refusal::ForceNever)
    );
}

#[test]
fn events_are_heard_without_a_base_only() {
    let void = Case::two_way('d', 'x')
        .void_base()
        .told_by_webhook(Side::Source, 'x', 'd');
    assert_eq!(verdict(&void), CONFLICT);
    let known = Case::two_way('d', 'x')
        .base('b')
        .told_by_webhook(Side::Source, 'x', 'd');
    assert_eq!(verdict(&known), CONFLICT);
}
