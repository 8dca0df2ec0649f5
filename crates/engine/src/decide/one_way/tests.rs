//! One test for each cell of the one-way table.

use super::*;
use crate::decide::testing::*;

const REFUSED_NOT_FAST_FORWARD: Verdict = Verdict::Refused(Refusal::NotFastForward);
const REFUSED_OUT_OF_SYNC: Verdict = Verdict::Refused(Refusal::OutOfSync);
const REFUSED_UNPROVEN: Verdict = Verdict::Refused(Refusal::Unproven);
const REFUSED_FORCE_NEVER: Verdict = Verdict::Refused(Refusal::ForceNever);

/// A sight without any question.
fn unasked(case: &Case) -> Verdict {
    let (verdict, asked) = case.settle();
    assert_eq!(asked, [], "nothing depends on lineage here");
    verdict
}

#[test]
fn equal_sides_are_in_sync() {
    for case in [
        Case::one_way('b', 'b'),
        Case::one_way('b', 'b').base('a'),
        Case::one_way('b', 'b').told_by_person('a').force(Force::Always),
        Case::one_way('b', 'b').tag(),
    ] {
        assert_eq!(unasked(&case), Verdict::InSync);
    }
}

#[test]
fn what_the_target_lacks_is_created() {
    assert_eq!(unasked(&Case::one_way('b', '-')), creates(Side::Target, 'b'));
    assert_eq!(
        unasked(&Case::one_way('b', '-').tag()),
        creates(Side::Target, 'b')
    );
}

#[test]
fn what_the_target_lacks_is_created_whatever_it_had_before() {
    // Somebody deleted it on the target: a one-way mirror makes it again.
    assert_eq!(
        unasked(&Case::one_way('b', '-').base('a')),
        creates(Side::Target, 'b')
    );
    assert_eq!(
        unasked(&Case::one_way('b', '-').told_by_person('a')),
        creates(Side::Target, 'b')
    );
    assert_eq!(
        unasked(&Case::one_way('b', '-').void_base()),
        creates(Side::Target, 'b')
    );
    assert_eq!(
        unasked(&Case::one_way('b', '-').force(Force::Never)),
        creates(Side::Target, 'b')
    );
}

#[test]
fn a_target_at_the_hint_is_updated_leased_on_it() {
    let rewritten = updates(Side::Target, 'x', 'c', Lineage::Unproven);
    assert_eq!(unasked(&Case::one_way('c', 'x').told_by_person('x')), rewritten);
    let webhook = Case::one_way('c', 'x').told_by_webhook(Side::Source, 'x', 'c');
    assert_eq!(unasked(&webhook), rewritten);
}

#[test]
fn a_target_at_the_base_is_updated_leased_on_it() {
    let case = Case::one_way('c', 'x').base('x');
    assert_eq!(unasked(&case), updates(Side::Target, 'x', 'c', Lineage::Unproven));
}

#[test]
fn an_older_event_of_a_burst_permits_as_well_as_the_newest() {
    // Two pushes, two deliveries: the target has the value before the first one.
    let case = Case::one_way('z', 'x')
        .told_by_webhook(Side::Source, 'x', 'c')
        .told_by_webhook(Side::Source, 'c', 'z');
    assert_eq!(unasked(&case), updates(Side::Target, 'x', 'z', Lineage::Unproven));
}

#[test]
fn events_of_the_target_permit_nothing() {
    let case = Case::one_way('c', 'x').told_by_webhook(Side::Target, 'x', 'c');
    assert_eq!(case.verdict(), REFUSED_NOT_FAST_FORWARD);
}

#[test]
fn a_known_lineage_is_told_with_a_leased_update() {
    let case = Case::one_way('c', 'b').base('b');
    let mut proofs = crate::decide::Proofs::default();
    proofs.insert(question('c', 'b'), Lineage::Descends);
    assert_eq!(
        case.decide(&proofs),
        updates(Side::Target, 'b', 'c', Lineage::Descends)
    );
}

#[test]
fn under_never_a_target_at_the_hint_is_updated_only_if_the_source_descends() {
    for told in [
        Case::one_way('c', 'b').told_by_person('b'),
        Case::one_way('c', 'b').base('b'),
    ] {
        let case = told.force(Force::Never);
        assert_eq!(
            case.settle(),
            (
                updates(Side::Target, 'b', 'c', Lineage::Descends),
                vec![question('c', 'b')]
            )
        );
    }
    for told in [
        Case::one_way('c', 'x').told_by_person('x'),
        Case::one_way('c', 'x').base('x'),
    ] {
        assert_eq!(told.clone().force(Force::Never).verdict(), REFUSED_FORCE_NEVER);
        assert_eq!(told.force(Force::Never).unproven().verdict(), REFUSED_FORCE_NEVER);
    }
}

#[test]
fn a_descendant_is_fast_forwarded_leased_on_the_target() {
    let forward = (
        updates(Side::Target, 'a', 'c', Lineage::Descends),
        vec![question('c', 'a')],
    );
    assert_eq!(Case::one_way('c', 'a').settle(), forward);
    assert_eq!(Case::one_way('c', 'a').force(Force::Never).settle(), forward);
    assert_eq!(Case::one_way('c', 'a').void_base().settle(), forward);
    assert_eq!(
        Case::one_way('c', 'a').reference("refs/notes/commits").settle(),
        forward
    );
}

#[test]
fn a_descendant_is_fast_forwarded_although_the_hint_names_another_value() {
    // The hint says that the target should be at `b`; it is at `a`, and nothing is lost.
    let forward = updates(Side::Target, 'a', 'c', Lineage::Descends);
    assert_eq!(Case::one_way('c', 'a').told_by_person('b').verdict(), forward);
    assert_eq!(Case::one_way('c', 'a').base('b').verdict(), forward);
    assert_eq!(Case::one_way('c', 'a').told_by_person('-').verdict(), forward);
}

#[test]
fn without_hint_and_base_what_cannot_be_fast_forwarded_is_refused() {
    // Diverged, rewound, unrelated.
    for (source, target) in [('c', 'x'), ('a', 'c'), ('z', 'c')] {
        let case = Case::one_way(source, target);
        assert_eq!(case.verdict(), REFUSED_NOT_FAST_FORWARD, "{source} over {target}");
        assert_eq!(case.force(Force::Never).verdict(), REFUSED_NOT_FAST_FORWARD);
    }
}

#[test]
fn without_hint_and_base_what_nobody_can_prove_is_refused_as_that() {
    assert_eq!(Case::one_way('c', 'b').unproven().verdict(), REFUSED_UNPROVEN);
}

#[test]
fn a_target_at_neither_hint_nor_base_is_out_of_sync() {
    for told in ['b', '-'] {
        assert_eq!(
            Case::one_way('c', 'x').told_by_person(told).verdict(),
            REFUSED_OUT_OF_SYNC
        );
        assert_eq!(Case::one_way('c', 'x').base(told).verdict(), REFUSED_OUT_OF_SYNC);
        let webhook = Case::one_way('c', 'x').told_by_webhook(Side::Source, told, 'c');
        assert_eq!(webhook.verdict(), REFUSED_OUT_OF_SYNC);
    }
    // Whether it was proven or not, a person who told an old value hears that it does not match.
    assert_eq!(
        Case::one_way('c', 'x').told_by_person('b').unproven().verdict(),
        REFUSED_OUT_OF_SYNC
    );
}

#[test]
fn a_hint_of_a_webhook_never_widens_a_known_base() {
    let case = Case::one_way('c', 'x')
        .base('b')
        .told_by_webhook(Side::Source, 'x', 'c');
    assert_eq!(case.verdict(), REFUSED_OUT_OF_SYNC);
}

#[test]
fn a_hint_of_a_webhook_never_widens_a_void_base() {
    let case = Case::one_way('c', 'x')
        .void_base()
        .told_by_webhook(Side::Source, 'x', 'c');
    assert_eq!(case.verdict(), REFUSED_NOT_FAST_FORWARD);
}

#[test]
fn what_a_person_tells_is_taken_as_given_whatever_the_base() {
    let update = updates(Side::Target, 'x', 'c', Lineage::Unproven);
    assert_eq!(
        Case::one_way('c', 'x').base('b').told_by_person('x').verdict(),
        update
    );
    assert_eq!(
        Case::one_way('c', 'x').void_base().told_by_person('x').verdict(),
        update
    );
}

#[test]
fn a_tag_never_fast_forwards() {
    assert_eq!(
        Case::one_way('c', 'b').tag().settle(),
        (REFUSED_NOT_FAST_FORWARD, vec![]),
        "and nobody is asked"
    );
    assert_eq!(
        Case::one_way('c', 'b').tag().told_by_person('a').verdict(),
        REFUSED_OUT_OF_SYNC
    );
}

#[test]
fn a_tag_is_moved_by_a_hint_the_base_or_force() {
    let moved = updates(Side::Target, 'b', 'c', Lineage::Rewrites);
    assert_eq!(unasked(&Case::one_way('c', 'b').tag().told_by_person('b')), moved);
    assert_eq!(unasked(&Case::one_way('c', 'b').tag().base('b')), moved);
    let webhook = Case::one_way('c', 'b')
        .tag()
        .told_by_webhook(Side::Source, 'b', 'c');
    assert_eq!(unasked(&webhook), moved);
    assert_eq!(
        unasked(&Case::one_way('c', 'b').tag().force(Force::Always)),
        moved
    );
}

#[test]
fn under_never_no_tag_is_moved() {
    let told = Case::one_way('c', 'b').tag().told_by_person('b');
    assert_eq!(unasked(&told.force(Force::Never)), REFUSED_FORCE_NEVER);
}

#[test]
fn under_always_a_target_is_overwritten_leased_on_what_it_has() {
    let update = updates(Side::Target, 'x', 'c', Lineage::Unproven);
    assert_eq!(unasked(&Case::one_way('c', 'x').force(Force::Always)), update);
    assert_eq!(
        unasked(&Case::one_way('c', 'x').told_by_person('b').force(Force::Always)),
        update
    );
    assert_eq!(
        unasked(&Case::one_way('c', 'x').void_base().force(Force::Always)),
        update
    );
}

#[test]
fn a_deletion_is_skipped_where_deletions_are_not_mirrored() {
    for case in [
        Case::one_way('-', 'b').named(),
        Case::one_way('-', 'b').base('b'),
        Case::one_way('-', 'b').told_by_person('b'),
        Case::one_way('-', 'b').told_by_webhook(Side::Source, 'b', '-'),
        Case::one_way('-', 'b').named().force(Force::Always),
        // The other side's setting is another thing.
        Case::one_way('-', 'b').base('b').sync_delete_on(Side::Source),
    ] {
        assert_eq!(unasked(&case), Verdict::DeletionSkipped, "{case:?}");
    }
}

#[test]
fn what_both_lack_is_in_sync_although_it_should_be_deleted() {
    assert_eq!(
        unasked(&Case::one_way('-', '-').named().sync_delete()),
        Verdict::InSync
    );
    let told = Case::one_way('-', '-').told_by_person('b').sync_delete();
    assert_eq!(unasked(&told), Verdict::InSync);
}

#[test]
fn a_target_at_the_hint_or_base_is_deleted_leased_on_it() {
    for case in [
        Case::one_way('-', 'b').told_by_person('b'),
        Case::one_way('-', 'b').told_by_person('b').named(),
        Case::one_way('-', 'b').base('b'),
        Case::one_way('-', 'b').told_by_webhook(Side::Source, 'b', '-'),
        Case::one_way('-', 'b').base('b').tag(),
        Case::one_way('-', 'b').base('b').force(Force::Never),
    ] {
        assert_eq!(unasked(&case.sync_delete()), deletes(Side::Target, 'b'));
    }
}

#[test]
fn a_target_at_neither_hint_nor_base_is_not_deleted() {
    for case in [
        Case::one_way('-', 'c').told_by_person('b'),
        Case::one_way('-', 'c').told_by_person('-'),
        Case::one_way('-', 'c').told_by_person('b').named(),
        Case::one_way('-', 'c').base('b'),
        Case::one_way('-', 'c').base('-'),
        Case::one_way('-', 'c').told_by_webhook(Side::Source, 'b', '-'),
        Case::one_way('-', 'c')
            .base('b')
            .told_by_webhook(Side::Source, 'c', '-'),
        Case::one_way('-', 'c').base('b').force(Force::Always),
    ] {
        let case = case.sync_delete();
        assert_eq!(unasked(&case), REFUSED_OUT_OF_SYNC, "{case:?}");
    }
}

#[test]
fn a_reference_asked_for_by_its_name_is_deleted_leased_on_what_it_has() {
    let case = Case::one_way('-', 'b').named().sync_delete();
    assert_eq!(unasked(&case), deletes(Side::Target, 'b'));
    assert_eq!(unasked(&case.void_base()), deletes(Side::Target, 'b'));
}

#[test]
fn what_the_target_has_of_its_own_is_left_alone() {
    assert_eq!(unasked(&Case::one_way('-', 'b')), Verdict::LeftAlone);
    assert_eq!(
        unasked(&Case::one_way('-', 'b').sync_delete()),
        Verdict::LeftAlone
    );
    assert_eq!(
        unasked(&Case::one_way('-', 'b').void_base().sync_delete()),
        Verdict::LeftAlone
    );
}

#[test]
fn under_always_only_references_asked_for_by_name_are_deleted() {
    let always = Case::one_way('-', 'c').sync_delete().force(Force::Always);
    assert_eq!(unasked(&always), Verdict::LeftAlone);
    assert_eq!(unasked(&always.clone().named()), deletes(Side::Target, 'c'));
    assert_eq!(
        unasked(&always.clone().named().base('b')),
        deletes(Side::Target, 'c')
    );
    assert_eq!(
        unasked(&always.named().told_by_person('b')),
        deletes(Side::Target, 'c')
    );
}
