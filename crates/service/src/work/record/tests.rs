use engine::decide::{Base, Direction, Lineage, Refusal};
use engine::error::{Error, Fault, Stage};
use engine::rejection::{RejectReason, Rejection};
use engine::report::{Outcome as Became, RefReport, Report};
use engine::request::Request;
use engine::side::{Both, Side};
use store::Time;
use store::conflict::{Standing, Why};
use store::queue::{Dues, Memory, Outcome, Work};
use store::run::{Inputs, Order, State};

use super::{Ran, record};
use crate::work::retry::Dice;
use crate::work::tests::fixture::{
    NOW, claim, dues, event, id, mirror, name, oid, reference, request, run, seen, swept,
};

/// A run to be recorded.
struct Case {
    direction: Direction,
    work: Work,
    inputs: Inputs,
    memory: Memory,
    report: Report,
    narrow: Box<dyn Fn(&mut Request)>,
}

impl Case {
    fn due(dues: Dues, references: Vec<RefReport>) -> Self {
        let only = (!dues.all).then(|| dues.names.keys().cloned().collect());
        Self {
            direction: Direction::OneWay,
            work: Work::Due(dues),
            inputs: Inputs::default(),
            memory: Memory::default(),
            report: Report {
                references,
                ..Report::default()
            },
            narrow: Box::new(move |request| request.only = Clone::clone(&only)),
        }
    }

    fn asked(inputs: Inputs, references: Vec<RefReport>) -> Self {
        Self {
            work: Work::Asked(Box::new(run(inputs.clone()))),
            inputs,
            ..Self::due(swept(), references)
        }
    }

    fn remembering(mut self, standing: &[Standing]) -> Self {
        self.memory.standing = standing.to_vec();
        self
    }

    fn failing(mut self, side: Side, kind: Fault) -> Self {
        self.report.error = Some(Error {
            side,
            stage: Stage::Observe,
            url: "https://one.example/app.git".into(),
            kind,
        });
        self
    }

    fn record(&self) -> Outcome {
        let mirror = mirror(self.direction);
        let mut request = request(&mirror);
        (self.narrow)(&mut request);
        request.dry_run = self.inputs.dry_run;
        record(Ran {
            claim: &claim(self.work.clone()),
            mirror: Some(&mirror),
            request: &request,
            memory: &self.memory,
            report: &self.report,
            run: run(self.inputs.clone()),
            log: Vec::new(),
            now: NOW,
            dice: Dice(0.5),
        })
    }

    fn state(&self) -> State {
        self.record().run.expect("the run has a row").run.state
    }
}

fn standing(short: &str, why: Why, source: char, target: char) -> Standing {
    Standing {
        name: name(short),
        why,
        seen: seen(source, target),
        base: Base::Unknown,
        text: "before".into(),
        run: "0191".into(),
        since: Time(NOW.0 - 1_000),
    }
}

fn rejected(reason: RejectReason) -> Became {
    Became::Rejected(Rejection {
        reason,
        raw: "no".into(),
    })
}

fn in_seconds(seconds: i64) -> Option<Time> {
    Some(Time(NOW.0 + seconds * 1_000))
}

fn webhook(outcome: Became) -> Case {
    Case::due(
        dues(&[("main", &[event('a', 'b')])]),
        vec![reference("main", 'b', 'a', outcome)],
    )
}

const FORWARD: Became = Became::Updated(Lineage::Descends);

#[test]
fn what_was_written_is_due_no_more_and_can_be_undone() {
    let outcome = webhook(FORWARD).record();
    assert_eq!((outcome.retry_at, outcome.error), (None, None));
    let finished = outcome.run.unwrap();
    assert_eq!((finished.run.state, finished.run.written), (State::Succeeded, 1));
    let row = &finished.references[0];
    assert_eq!((row.outcome.as_str(), row.replaced), ("fast-forwarded", true));
    assert_eq!((row.old, row.new), (id('a'), id('b')));
}

#[test]
fn what_was_created_replaced_nothing() {
    let case = Case::due(
        dues(&[("new", &[event('-', 'b')])]),
        vec![reference("new", 'b', '-', Became::Created)],
    );
    assert!(!case.record().run.unwrap().references[0].replaced);
}

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
fn a_sweep_that_finds_nothing_leaves_no_row() {
    let mut case = Case::due(swept(), Vec::new());
    case.report.scope = Both { source: 7, target: 9 };
    let outcome = case.record();
    assert!(outcome.run.is_none());
    assert_eq!(outcome.all_in_sync, Some(7));
}

#[test]
fn a_webhook_that_finds_nothing_leaves_a_row() {
    let case = Case::due(
        dues(&[("main", &[event('a', 'b')])]),
        vec![reference("main", 'b', 'b', Became::UpToDate)],
    );
    assert_eq!(case.state(), State::Succeeded);
    assert_eq!(
        case.record().all_in_sync,
        None,
        "it looked at one reference alone"
    );
}

#[test]
fn what_differs_is_not_in_sync() {
    let case = Case::due(
        swept(),
        vec![reference("main", 'b', 'a', Became::Refused(Refusal::OutOfSync))],
    );
    assert_eq!(case.record().all_in_sync, None);
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
fn a_refused_token_is_told_by_its_credentials_name() {
    let refused = Fault::Unauthorized {
        user: Some("x".into()),
        message: String::new(),
    };
    let case = Case::due(swept(), Vec::new()).failing(Side::Target, refused);
    let fault = case.record().run.unwrap().run.fault.unwrap();
    assert!(fault.advice.unwrap().contains("credential `other`"));
    assert!(!fault.retry);
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

#[test]
fn a_dry_run_changes_no_memory() {
    let inputs = Inputs {
        dry_run: true,
        ..Inputs::default()
    };
    let before = [standing("old", Why::Conflict, 'b', 'a')];
    let mut case = Case::asked(
        inputs,
        vec![reference("main", 'b', 'a', Became::Refused(Refusal::Conflict))],
    )
    .remembering(&before);
    case.report.bases.insert(name("main"), Base::Void);
    case.report.intents_done.insert(name("main"));
    let outcome = case.record();
    assert!(outcome.bases.is_empty() && outcome.intents_done.is_empty());
    assert!(outcome.standing.is_empty() && outcome.settled.is_empty());
    assert_eq!(outcome.all_in_sync, None);
    let run = outcome.run.unwrap().run;
    assert_eq!((run.state, run.written), (State::Refused, 0));
}

#[test]
fn a_dry_run_says_what_would_be_and_leaves_nothing_to_put_back() {
    let references = || {
        vec![
            reference("main", 'b', 'a', Became::Updated(Lineage::Descends)),
            reference("old", 'b', 'a', Became::Held),
            reference("same", 'b', 'a', Became::UpToDate),
        ]
    };
    let told = |dry_run: bool| {
        let inputs = Inputs {
            dry_run,
            ..Inputs::default()
        };
        let run = Case::asked(inputs, references()).record().run.unwrap();
        run.references
            .into_iter()
            .map(|one| (one.text, one.replaced))
            .collect::<Vec<_>>()
    };
    let said = |main: &str, old: &str, replaced| {
        [(main, replaced), (old, false), ("up to date", false)]
            .map(|(text, replaced)| (text.to_owned(), replaced))
    };
    assert_eq!(
        told(false),
        said("fast-forwarded", "held until a person approves", true)
    );
    assert_eq!(
        told(true),
        said(
            "would be fast-forwarded",
            "would be held until a person approves",
            false
        )
    );
}

#[test]
fn an_asked_run_leaves_nothing_due_and_always_a_row() {
    let case = Case::asked(Inputs::default(), Vec::new()).failing(Side::Source, Fault::LengthRequired);
    let outcome = case.record();
    assert_eq!(outcome.retry_at, None);
    assert_eq!(outcome.run.unwrap().run.state, State::Failed);
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

#[test]
fn a_full_look_tells_how_much_there_is_also_while_something_waits() {
    let mut case = Case::due(
        swept(),
        vec![reference(
            "main",
            'b',
            'a',
            Became::Refused(Refusal::NotFastForward),
        )],
    );
    case.report.scope = Both { source: 9, target: 7 };
    let outcome = case.record();
    assert_eq!((outcome.looked_at, outcome.all_in_sync), (Some(7), None));
    let narrow = webhook(FORWARD);
    assert_eq!(narrow.record().looked_at, None);
}

#[test]
fn what_an_undo_or_an_approval_needs_is_kept_of_the_largest_run() {
    let mut references: Vec<RefReport> = (0..10_050)
        .map(|number| reference(&format!("a{number}"), 'a', '-', Became::Created))
        .collect();
    references.push(reference("moved", 'b', 'a', FORWARD));
    references.push(reference("cut", 'b', 'a', Became::Unknown));
    references.push(reference("held", 'b', 'a', Became::Held));
    let kept = Case::due(swept(), references).record().run.unwrap().references;
    assert_eq!(kept.len(), 10_000);
    let last: Vec<_> = kept[9_997..]
        .iter()
        .map(|one| (one.name.short(), one.outcome.as_str(), one.replaced))
        .collect();
    assert_eq!(last[0], ("moved".into(), "fast-forwarded", true));
    assert_eq!(last[1], ("cut".into(), "unknown", true));
    assert_eq!(last[2], ("held".into(), "held", false));
}
