use std::time::Duration;

use engine::decide::{Base, OldValue};
use engine::side::{Both, Side};

use crate::conflict::{Standing, Why};
use crate::mirror::Health;
use crate::queue::*;
use crate::run::State;
use crate::testing::*;
use crate::{Store, StoreError, Time};

mod asked;
mod lapse;
mod model;

on_both!(what_a_webhook_told_is_claimed_and_cleared, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let due = [pushed("main", '1', '2'), pushed("dev", '-', '3')];
    let marked = store.mark_due("app", &due, Time(10)).await.unwrap();
    assert_eq!(marked, [Marked::Queued, Marked::Queued]);
    let again = store.mark_due("app", &[pushed("main", '2', '4')], Time(11)).await;
    assert_eq!(again.unwrap(), [Marked::Coalesced]);
    assert_eq!(
        store.queue_state(Time(15)).await.unwrap(),
        (2, Some(Duration::from_millis(5)))
    );
    let claim = fresh.claim("w", Time(12)).await.unwrap();
    assert_eq!(claim.mirror.as_deref(), Some("app"));
    let seen = dues(&claim);
    assert_eq!(seen.since, Some(Time(10)));
    assert_eq!(seen.triggers, ["webhook"]);
    let events = &seen.names[&name("main")].events.source;
    assert_eq!(events[0].old, OldValue::At(oid('1')));
    assert_eq!(events[1].new, Some(oid('4')));
    assert_eq!(seen.names[&name("dev")].events.source[0].old, OldValue::Absent);
    assert!(!seen.all);
    assert!(fresh.claim("v", Time(12)).await.is_none(), "one worker at a time");
    store.finish(&claim, &Outcome::default(), Time(13)).await.unwrap();
    assert!(fresh.claim("v", Time(14)).await.is_none());
    assert_eq!(store.queue_state(Time(14)).await.unwrap(), (0, None));
});

on_both!(what_comes_under_a_claim_stays_due_alone, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let first = [pushed("main", '1', '2'), pushed("dev", '1', '2')];
    store.mark_due("app", &first, Time(10)).await.unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    store
        .mark_due("app", &[pushed("main", '2', '3')], Time(12))
        .await
        .unwrap();
    store.finish(&claim, &Outcome::default(), Time(13)).await.unwrap();
    let next = fresh.claim("w", Time(13)).await.unwrap();
    let seen = dues(&next);
    assert_eq!(seen.names.len(), 1);
    let events = &seen.names[&name("main")].events.source;
    assert_eq!((events.len(), events[0].new), (1, Some(oid('3'))));
    assert_eq!(seen.since, Some(Time(12)));
});

/// Ends a claim with these bases.
async fn agree(store: &Store, claim: &Claim, short: &str, value: Option<char>) {
    let outcome = Outcome {
        bases: [(name(short), Base::Agreed(value.map(oid)))].into(),
        ..Outcome::default()
    };
    store.finish(claim, &outcome, Time(20)).await.unwrap();
}

async fn with_base(fresh: &Fresh) {
    fresh.settled("app").await;
    let due = [pushed("main", '1', '2')];
    fresh.store.mark_due("app", &due, Time(10)).await.unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    agree(&fresh.store, &claim, "main", Some('2')).await;
}

on_both!(
    an_event_that_tells_the_base_is_an_echo_and_costs_nothing,
    |fresh| {
        with_base(&fresh).await;
        let store = &fresh.store;
        let echo = pushed("main", '1', '2');
        let marked = store.mark_due("app", std::slice::from_ref(&echo), Time(21)).await;
        assert_eq!(marked.unwrap(), [Marked::Echo]);
        assert!(fresh.claim("w", Time(22)).await.is_none());
        // Another value is none, and then the same value is none either: the order is not known.
        let due = [pushed("main", '2', '3'), echo];
        let marked = store.mark_due("app", &due, Time(23)).await.unwrap();
        assert_eq!(marked, [Marked::Queued, Marked::Coalesced]);
    }
);

on_both!(a_deletion_that_both_sides_have_is_an_echo, |fresh| {
    with_base(&fresh).await;
    let store = &fresh.store;
    let gone = [pushed("main", '2', '-')];
    assert_eq!(
        store.mark_due("app", &gone, Time(21)).await.unwrap(),
        [Marked::Queued]
    );
    let claim = fresh.claim("w", Time(22)).await.unwrap();
    agree(store, &claim, "main", None).await;
    assert_eq!(
        store.mark_due("app", &gone, Time(23)).await.unwrap(),
        [Marked::Echo]
    );
});

on_both!(
    nothing_is_an_echo_of_a_reference_that_stands_or_is_being_written,
    |fresh| {
        with_base(&fresh).await;
        let store = &fresh.store;
        let echo = [pushed("main", '1', '2')];
        store
            .mark_due("app", &[pushed("main", '2', '3')], Time(21))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(22)).await.unwrap();
        let intent = Intent {
            to: Side::Target,
            old: Some(oid('2')),
            new: Some(oid('3')),
        };
        store
            .intend(&claim, &[(name("main"), intent)], Time(22))
            .await
            .unwrap();
        store.finish(&claim, &Outcome::default(), Time(23)).await.unwrap();
        assert_eq!(
            store.mark_due("app", &echo, Time(24)).await.unwrap(),
            [Marked::Queued]
        );
        let claim = fresh.claim("w", Time(25)).await.unwrap();
        let outcome = Outcome {
            intents_done: vec![name("main")],
            standing: vec![stands("main", Why::Conflict, '3', '4', 25)],
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(26)).await.unwrap();
        assert!(store.memory("app", None).await.unwrap().intents.is_empty());
        assert_eq!(
            store.mark_due("app", &echo, Time(27)).await.unwrap(),
            [Marked::Queued]
        );
    }
);

on_both!(
    our_own_push_told_back_before_the_end_of_the_run_makes_no_second_run,
    |fresh| {
        with_base(&fresh).await;
        let store = &fresh.store;
        store
            .mark_due("app", &[pushed("main", '2', '3')], Time(21))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(22)).await.unwrap();
        let mut back = pushed("main", '2', '3');
        back.event = back.event.map(|(_, moved)| (Side::Target, moved));
        store.mark_due("app", &[back], Time(23)).await.unwrap();
        agree(store, &claim, "main", Some('3')).await;
        assert!(fresh.claim("w", Time(24)).await.is_none());

        // Not so if the run agreed on another value.
        store
            .mark_due("app", &[pushed("main", '3', '4')], Time(30))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(31)).await.unwrap();
        store
            .mark_due("app", &[pushed("main", '4', '3')], Time(32))
            .await
            .unwrap();
        agree(store, &claim, "main", Some('4')).await;
        assert!(fresh.claim("w", Time(33)).await.is_some());
    }
);

on_both!(
    a_failure_waits_until_something_new_comes_and_a_sweep_is_nothing_new,
    |fresh| {
        fresh.settled("app").await;
        let store = &fresh.store;
        store
            .mark_due("app", &[pushed("main", '1', '2')], Time(10))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(11)).await.unwrap();
        let failed = Outcome {
            run: Some(finished(run("01920000-0001", Some("app"), State::Failed))),
            retry_at: Some(Time(5_000)),
            error: Some("the target is not there".to_owned()),
            ..Outcome::default()
        };
        store.finish(&claim, &failed, Time(12)).await.unwrap();
        let mirror = store.mirror("app").await.unwrap();
        assert_eq!((mirror.health, mirror.failures), (Health::Failed, 1));
        assert_eq!(mirror.next_at, Some(Time(5_000)));
        assert_eq!(mirror.behind_since, Some(Time(10)));
        assert_eq!(store.next_due(Time(13)).await.unwrap(), Some(Time(5_000)));
        store.mark_due("app", &[Due::sweep()], Time(13)).await.unwrap();
        assert!(fresh.claim("w", Time(14)).await.is_none());
        store
            .mark_due("app", &[pushed("main", '2', '3')], Time(15))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(15)).await.unwrap();
        assert_eq!((dues(&claim).failures, dues(&claim).all), (1, true));
        assert_eq!(dues(&claim).names[&name("main")].events.source.len(), 2);
        store.finish(&claim, &Outcome::default(), Time(16)).await.unwrap();
        let mirror = store.mirror("app").await.unwrap();
        assert_eq!((mirror.health, mirror.failures), (Health::InSync, 0));
        assert_eq!((mirror.error, mirror.behind_since), (None, None));
    }
);

on_both!(some_may_stay_due_while_the_rest_is_done, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let due = [pushed("stale", '1', '2'), pushed("done", '1', '2')];
    store.mark_due("app", &due, Time(10)).await.unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    let outcome = Outcome {
        stay_due: vec![name("stale")],
        retry_at: Some(Time(100)),
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(12)).await.unwrap();
    assert!(fresh.claim("w", Time(99)).await.is_none());
    let claim = fresh.claim("w", Time(100)).await.unwrap();
    let names: Vec<_> = dues(&claim).names.keys().cloned().collect();
    assert_eq!(names, [name("stale")]);
    assert_eq!(dues(&claim).since, Some(Time(10)));
});

on_both!(of_many_events_the_newest_are_kept, |fresh| {
    fresh.settled("app").await;
    for _ in 0..50 {
        let due = [pushed("main", '1', '2'), pushed("main", '2', '1')];
        fresh.store.mark_due("app", &due, Time(10)).await.unwrap();
    }
    let last = [pushed("main", '1', 'f')];
    fresh.store.mark_due("app", &last, Time(10)).await.unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    let events = &dues(&claim).names[&name("main")].events.source;
    assert_eq!((events.len(), events[63].new), (64, Some(oid('f'))));
});

on_both!(mirrors_of_other_configurations_are_passed_by, |fresh| {
    let mut all: Vec<_> = (0..150).map(|number| known(&format!("m{number:03}"))).collect();
    all[149].fingerprint = "mine".to_owned();
    fresh.store.adopt(&all, Time(0)).await.unwrap();
    let own = |_: &str, fingerprint: &str| fingerprint == "mine";
    let claim = fresh.store.claim("w", &own, LEASE, Time(1)).await.unwrap();
    assert_eq!(claim.unwrap().mirror.as_deref(), Some("m149"));
    assert!(
        fresh
            .store
            .claim("w", &own, LEASE, Time(1))
            .await
            .unwrap()
            .is_none()
    );
});

on_both!(the_oldest_is_claimed_first, |fresh| {
    fresh
        .store
        .adopt(&[known("a"), known("b"), known("c")], Time(0))
        .await
        .unwrap();
    while let Some(claim) = fresh.claim("w", Time(1)).await {
        fresh
            .store
            .finish(&claim, &Outcome::default(), Time(1))
            .await
            .unwrap();
    }
    for (mirror, at) in [("b", 10), ("c", 11), ("a", 12), ("b", 13)] {
        let due = [pushed("main", '1', '2')];
        fresh.store.mark_due(mirror, &due, Time(at)).await.unwrap();
    }
    let mut order = Vec::new();
    while let Some(claim) = fresh.claim("w", Time(20)).await {
        order.extend(claim.mirror);
    }
    assert_eq!(order.len(), 3);
    assert_eq!(
        order[0], "b",
        "b was due first, and more events do not put it back"
    );
});

pub(crate) fn stands(short: &str, why: Why, source: char, target: char, since: i64) -> Standing {
    Standing {
        name: name(short),
        why,
        seen: Both {
            source: Some(oid(source)),
            target: Some(oid(target)),
        },
        base: Base::Void,
        text: "both sides changed".to_owned(),
        run: format!("run-{since}"),
        since: Time(since),
    }
}

on_both!(what_stands_keeps_its_time_while_its_values_stay, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    for (at, target) in [(10, '4'), (20, '4'), (30, '5')] {
        store
            .mark_due("app", &[pushed("main", '2', '3')], Time(at))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(at)).await.unwrap();
        let outcome = Outcome {
            standing: vec![stands("main", Why::Conflict, '3', target, at)],
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(at)).await.unwrap();
        let standing = &store.memory("app", Some(&[name("main")])).await.unwrap().standing[0];
        assert_eq!(standing.since, Time(if at == 20 { 10 } else { at }));
        assert_eq!(standing.run, format!("run-{at}"));
    }
    let mirror = store.mirror("app").await.unwrap();
    assert_eq!((mirror.health, mirror.conflicts), (Health::Waiting, 1));
    assert_eq!(mirror.behind_since, Some(Time(30)));
    store
        .mark_due("app", &[pushed("main", '2', '3')], Time(40))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(40)).await.unwrap();
    let outcome = Outcome {
        settled: vec![name("main")],
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(41)).await.unwrap();
    let mirror = store.mirror("app").await.unwrap();
    assert_eq!((mirror.health, mirror.conflicts), (Health::InSync, 0));
});

on_both!(memory_is_of_the_names_that_are_asked_for, |fresh| {
    fresh.settled("app").await;
    fresh
        .store
        .mark_due("app", &[Due::sweep()], Time(10))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    let all: Vec<_> = (0..700).map(|number| name(&format!("b{number}"))).collect();
    let outcome = Outcome {
        bases: all
            .iter()
            .map(|name| (name.clone(), Base::Agreed(Some(oid('2')))))
            .collect(),
        all_in_sync: Some(700),
        ..Outcome::default()
    };
    fresh.store.finish(&claim, &outcome, Time(12)).await.unwrap();
    let whole = fresh.store.memory("app", None).await.unwrap();
    assert_eq!((whole.bases.len(), whole.references), (700, 700));
    let some = fresh.store.memory("app", Some(&all[..300])).await.unwrap();
    assert_eq!(some.bases.len(), 300);
    assert!(
        fresh
            .store
            .memory("app", Some(&[]))
            .await
            .unwrap()
            .bases
            .is_empty()
    );
});

on_both!(a_name_that_is_no_text_comes_back_as_it_was, |fresh| {
    fresh.settled("app").await;
    let odd = RefName::new(b"refs/heads/\xff\xfe").unwrap();
    let mut due = pushed("main", '1', '2');
    due.name = Some(odd.clone());
    fresh.store.mark_due("app", &[due], Time(10)).await.unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    assert!(dues(&claim).names.contains_key(&odd));
});
