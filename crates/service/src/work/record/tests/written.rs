//! What is written down of a run: its row, and what is remembered of both sides.

use super::*;

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
