//! What a sweep found.

use super::*;

#[test]
fn a_sweep_that_finds_nothing_leaves_no_row() {
    let mut case = Case::due(swept(), Vec::new());
    case.report.scope = Both { source: 7, target: 9 };
    let outcome = case.record();
    assert!(outcome.run.is_none());
    assert_eq!(outcome.all_in_sync, Some(7));
}

#[test]
fn what_a_sweep_found_counts_for_the_side_that_moved() {
    let mut backward = reference("b", 'a', 'c', FORWARD);
    backward.to = Side::Source;
    let references = vec![
        reference("a", 'b', 'a', FORWARD),
        backward,
        reference("c", 'b', 'a', rejected(RejectReason::Hook)),
    ];
    let mut case = Case::due(swept(), references);
    assert!(
        case.record().found_by_sweep.is_empty(),
        "nobody could tell of it before the first look"
    );
    case.memory.bases.insert(name("a"), Base::Agreed(id('a')));
    assert_eq!(
        case.record().found_by_sweep,
        [("one".to_owned(), 1), ("other".to_owned(), 1)]
    );
}

#[test]
fn what_a_webhook_told_is_not_found_by_a_sweep() {
    let mut dues = swept();
    dues.triggers.push("webhook".into());
    let mut case = Case::due(dues, vec![reference("a", 'b', 'a', FORWARD)]);
    case.memory.bases.insert(name("a"), Base::Agreed(id('a')));
    assert!(case.record().found_by_sweep.is_empty());
}
