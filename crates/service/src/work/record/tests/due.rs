//! What stays due, and when it is tried again.

use super::*;

#[test]
fn a_full_disk_is_tried_again_and_waits_for_nobody() {
    for reason in [RejectReason::DiskFull, RejectReason::Other] {
        let outcome = webhook(rejected(reason)).record();
        assert!(outcome.standing.is_empty(), "{reason:?}");
        assert_eq!(outcome.stay_due, [name("main")]);
        assert_eq!(outcome.retry_at, in_seconds(1));
    }
}

#[test]
fn a_full_disk_is_a_failure_that_is_tried_less_and_less() {
    let mut dues = dues(&[("main", &[event('a', 'b')]), ("dev", &[event('a', 'b')])]);
    dues.failures = 3;
    let full = rejected(RejectReason::DiskFull);
    let references = ["dev", "main"].map(|short| reference(short, 'b', 'a', full.clone()));
    let outcome = Case::due(dues, references.to_vec()).record();
    assert_eq!(outcome.retry_at, in_seconds(8));
    let run = outcome.run.unwrap().run;
    assert_eq!(run.state, State::Failed);
    let fault = run.fault.unwrap();
    assert_eq!(
        (fault.kind.as_str(), fault.side.as_deref(), fault.retry),
        ("rejected", Some("target"), true)
    );
    assert_eq!(
        fault.message,
        "refs/heads/dev was not written to the target (and 1 more): no"
    );
    assert_eq!(outcome.error, Some(fault.message));
    assert!(fault.advice.unwrap().contains("free space"));
}

#[test]
fn a_lost_lease_is_tried_again_soon() {
    let outcome = webhook(Became::LeaseLost { now: id('c') }).record();
    assert_eq!(
        (outcome.stay_due, outcome.retry_at),
        (vec![name("main")], in_seconds(1))
    );
    assert_eq!(outcome.run.unwrap().run.state, State::Refused);
}

#[test]
fn an_unsteady_source_is_tried_again_soon() {
    let outcome = webhook(Became::Refused(Refusal::Unsteady)).record();
    assert_eq!(
        (outcome.stay_due, outcome.retry_at),
        (vec![name("main")], in_seconds(1))
    );
}

#[test]
fn a_lost_lease_in_a_sweep_leaves_the_whole_scope_due() {
    let case = Case::due(
        swept(),
        vec![reference("main", 'b', 'a', Became::LeaseLost { now: None })],
    );
    let outcome = case.record();
    assert_eq!((outcome.stay_due.len(), outcome.retry_at), (0, in_seconds(1)));
}

#[test]
fn a_passing_fault_leaves_all_due_and_waits_longer_each_time() {
    for (failures, seconds) in [(0, 1), (1, 2), (5, 32), (30, 3600)] {
        let mut dues = dues(&[("main", &[])]);
        dues.failures = failures;
        let host = "one.example:443".to_owned();
        let case = Case::due(dues, Vec::new()).failing(Side::Source, Fault::ConnectionRefused { host });
        let outcome = case.record();
        assert_eq!(outcome.retry_at, in_seconds(seconds));
        assert!(outcome.stay_due.is_empty());
        assert!(outcome.error.unwrap().contains("connection refused"));
        let run = outcome.run.unwrap().run;
        assert_eq!((run.state, run.exit), (State::Failed, Some(1)));
        let fault = run.fault.unwrap();
        assert_eq!(
            (fault.side.as_deref(), fault.kind.as_str(), fault.retry),
            (Some("source"), "connection-refused", true)
        );
        assert!(
            fault
                .advice
                .unwrap()
                .contains("git ls-remote https://one.example/app.git")
        );
    }
}

#[test]
fn retry_after_is_obeyed() {
    let busy = Fault::Busy {
        status: 429,
        retry_after: Some(std::time::Duration::from_secs(90)),
        message: String::new(),
    };
    let case = webhook(Became::NotWritten).failing(Side::Target, busy);
    assert_eq!(case.record().retry_at, in_seconds(90));
}

#[test]
fn what_a_person_must_mend_is_tried_rarely() {
    let missing = Fault::NotFound {
        message: String::new(),
    };
    let case = webhook(Became::NotWritten).failing(Side::Target, missing);
    assert_eq!(case.record().retry_at, in_seconds(60));
}

#[test]
fn a_source_that_still_shows_the_old_value_stays_due() {
    let stale = |age: i64| {
        let mut dues = dues(&[("main", &[event('a', 'b')])]);
        dues.since = Some(Time(NOW.0 - age * 1_000));
        let outcome = vec![reference("main", 'a', 'a', Became::UpToDate)];
        Case::due(dues, outcome).record()
    };
    assert_eq!(stale(0).stay_due, [name("main")]);
    assert_eq!(stale(0).retry_at, in_seconds(1));
    assert_eq!(stale(16).retry_at, in_seconds(16));
    assert_eq!(stale(150).retry_at, None, "left to the next sweep");
    assert!(stale(150).stay_due.is_empty());
}

#[test]
fn a_branch_that_is_told_and_not_yet_listed_stays_due() {
    let case = Case::due(
        dues(&[("new", &[event('-', 'b')])]),
        vec![reference("new", '-', '-', Became::UpToDate)],
    );
    assert_eq!(case.record().stay_due, [name("new")]);
}

#[test]
fn a_value_that_came_back_to_itself_is_not_stale() {
    // X → Y → X within a second, shuffled.
    let events = [event('b', 'a'), event('a', 'b'), event('b', 'a')];
    let case = Case::due(
        dues(&[("main", &events)]),
        vec![reference("main", 'a', 'a', Became::UpToDate)],
    );
    assert_eq!(case.record().retry_at, None);
}

#[test]
fn a_value_that_moved_on_is_not_stale() {
    let case = Case::due(
        dues(&[("main", &[event('a', 'b')])]),
        vec![reference("main", 'c', 'c', Became::UpToDate)],
    );
    assert_eq!(case.record().retry_at, None);
}
