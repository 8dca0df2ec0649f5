use super::*;
use crate::page::Ask;
use crate::run::Run;

/// When the first claims have lapsed.
const LATER: Time = Time(10 + 30_000);

on_both!(a_claim_that_lapsed_is_taken_over_with_all_that_was_due, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(10))
        .await
        .unwrap();
    let old = fresh.claim("w", Time(10)).await.unwrap();
    store
        .begin_run(&old, &run("01920000-0001", Some("app"), State::Running))
        .await
        .unwrap();
    let intent = Intent {
        to: Side::Target,
        old: Some(oid('1')),
        new: Some(oid('2')),
    };
    store
        .intend(&old, &[(name("main"), intent)], Time(11))
        .await
        .unwrap();
    assert_eq!(store.next_due(Time(11)).await.unwrap(), Some(LATER));
    assert!(fresh.claim("v", Time(LATER.0 - 1)).await.is_none());

    let new = fresh.claim("v", LATER).await.unwrap();
    assert!(new.fence > old.fence);
    assert_eq!(dues(&new).names[&name("main")].events.source.len(), 1);
    assert_eq!(
        store.memory("app", None).await.unwrap().intents[&name("main")],
        intent
    );
    let ended = store.run("01920000-0001").await.unwrap();
    assert_eq!(ended.state, State::Failed);
    let fault = ended.fault.unwrap();
    assert_eq!(fault.kind, "worker-lost");
    assert!(
        fault
            .advice
            .is_some_and(|advice| advice.contains("begins it anew"))
    );
    assert_eq!(store.run_log("01920000-0001", 0, 0).await.unwrap().len(), 1);
});

on_both!(who_lost_a_claim_changes_nothing, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(10))
        .await
        .unwrap();
    let old = fresh.claim("w", Time(10)).await.unwrap();
    // The same worker's next claim is another one.
    let new = fresh.claim("w", LATER).await.unwrap();
    let outcome = Outcome {
        run: Some(finished(run("01920000-0001", Some("app"), State::Succeeded))),
        bases: [(name("main"), Base::Agreed(Some(oid('2'))))].into(),
        ..Outcome::default()
    };
    let fenced = |result: Result<(), StoreError>| {
        assert!(matches!(result, Err(StoreError::Fenced { mirror }) if mirror == "app"));
    };
    fenced(store.finish(&old, &outcome, LATER).await);
    fenced(store.release(&old, LATER).await);
    fenced(store.intend(&old, &[], LATER).await);
    fenced(store.begin_run(&old, &outcome.run.clone().unwrap().run).await);
    assert_eq!(store.heartbeat(&old, LEASE, LATER).await.unwrap(), Beat::Lost);
    assert!(store.run("01920000-0001").await.is_err());
    assert!(store.memory("app", None).await.unwrap().bases.is_empty());
    assert_eq!(store.heartbeat(&new, LEASE, LATER).await.unwrap(), Beat::Mine);
    store.finish(&new, &outcome, LATER).await.unwrap();
});

on_both!(a_beating_heart_keeps_a_claim, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store.mark_due("app", &[Due::sweep()], Time(10)).await.unwrap();
    let claim = fresh.claim("w", Time(10)).await.unwrap();
    let beat = store.heartbeat(&claim, LEASE, Time(20_000)).await.unwrap();
    assert_eq!(beat, Beat::Mine);
    assert!(fresh.claim("v", LATER).await.is_none());
    // Late, but before anybody noticed.
    let beat = store.heartbeat(&claim, LEASE, Time(60_000)).await.unwrap();
    assert_eq!(beat, Beat::Mine);
});

on_both!(a_claim_given_back_is_due_at_once, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(10))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(10)).await.unwrap();
    store
        .begin_run(&claim, &run("01920000-0001", Some("app"), State::Running))
        .await
        .unwrap();
    store.release(&claim, Time(11)).await.unwrap();
    assert_eq!(store.run("01920000-0001").await.unwrap().state, State::Cancelled);
    let next = fresh.claim("v", Time(11)).await.unwrap();
    assert_eq!((dues(&next).names.len(), dues(&next).failures), (1, 0));
});

on_both!(
    an_address_that_changes_under_a_claim_ends_its_right_to_write,
    |fresh| {
        fresh.settled("app").await;
        let store = &fresh.store;
        store
            .mark_due("app", &[pushed("main", '1', '2')], Time(10))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(10)).await.unwrap();
        let mut moved = known("app");
        moved.target_url = "https://c.example/app.git".to_owned();
        store.adopt(&[moved], Time(11)).await.unwrap();
        assert_eq!(
            store.heartbeat(&claim, LEASE, Time(12)).await.unwrap(),
            Beat::Cancelled
        );
        assert!(matches!(
            store.intend(&claim, &[], Time(12)).await,
            Err(StoreError::Fenced { .. })
        ));
        let outcome = Outcome {
            run: Some(finished(run("01920000-0001", Some("app"), State::Cancelled))),
            bases: [(name("main"), Base::Agreed(Some(oid('2'))))].into(),
            all_in_sync: Some(4),
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(13)).await.unwrap();
        assert!(store.run("01920000-0001").await.is_ok());
        let memory = store.memory("app", None).await.unwrap();
        assert_eq!((memory.bases.len(), memory.references), (0, 0));
        let next = fresh.claim("w", Time(14)).await.unwrap();
        assert!(dues(&next).all && dues(&next).names.is_empty());
    }
);

/// A run of a webhook that was claimed at 10 and is about to replace `1` with `2`, and make `new`.
async fn writing(fresh: &Fresh) -> Claim {
    fresh.settled("app").await;
    let store = &fresh.store;
    // What an earlier run left behind is not of this one.
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(5))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(5)).await.unwrap();
    store
        .intend(&claim, &[(name("older"), intent('8', '9'))], Time(6))
        .await
        .unwrap();
    store.release(&claim, Time(7)).await.unwrap();
    let claim = fresh.claim("w", Time(10)).await.unwrap();
    let begun = Run {
        started: Some(Time(10)),
        ..run("01920000-0001", Some("app"), State::Running)
    };
    store.begin_run(&claim, &begun).await.unwrap();
    let writes = [(name("main"), intent('1', '2')), (name("new"), intent('-', '3'))];
    store.intend(&claim, &writes, Time(11)).await.unwrap();
    claim
}

fn intent(old: char, new: char) -> Intent {
    let id = |digit| (digit != '-').then(|| oid(digit));
    Intent {
        to: Side::Target,
        old: id(old),
        new: id(new),
    }
}

/// What the run can put back.
async fn assert_can_be_undone(store: &Store) {
    let rows = store
        .run_refs("01920000-0001", &Ask::default())
        .await
        .unwrap()
        .items;
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.name.short(),
                row.old,
                row.new,
                row.outcome.as_str(),
                row.replaced,
            )
        })
        .collect();
    let expected = [
        ("main".into(), Some(oid('1')), Some(oid('2')), "unknown", true),
        ("new".into(), None, Some(oid('3')), "unknown", false),
    ];
    assert_eq!(rows, expected);
}

on_both!(a_run_whose_worker_died_can_be_undone, |fresh| {
    writing(&fresh).await;
    fresh.claim("v", LATER).await.unwrap();
    assert_can_be_undone(&fresh.store).await;
});

on_both!(a_run_given_back_can_be_undone, |fresh| {
    let claim = writing(&fresh).await;
    fresh.store.release(&claim, Time(12)).await.unwrap();
    assert_can_be_undone(&fresh.store).await;
});

on_both!(a_cancelled_run_can_be_undone, |fresh| {
    let claim = writing(&fresh).await;
    let cancelled = Run {
        started: Some(Time(10)),
        ..run("01920000-0001", Some("app"), State::Cancelled)
    };
    let outcome = Outcome {
        run: Some(finished(cancelled)),
        retry_at: Some(Time(20)),
        ..Outcome::default()
    };
    fresh.store.finish(&claim, &outcome, Time(12)).await.unwrap();
    assert_can_be_undone(&fresh.store).await;
});

on_both!(
    what_an_attempt_replaced_stays_known_when_the_next_finds_it_done,
    |fresh| {
        let store = &fresh.store;
        fresh.settled("app").await;
        store
            .ask_run(&run("01920000-0001", Some("app"), State::Queued), Time(9))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(10)).await.unwrap();
        store
            .intend(&claim, &[(name("main"), intent('1', '2'))], Time(11))
            .await
            .unwrap();
        let again = fresh.claim("v", LATER).await.unwrap();
        let found = crate::run::RunRef {
            name: name("main"),
            to: Side::Target,
            old: Some(oid('2')),
            new: Some(oid('2')),
            outcome: "already-there".to_owned(),
            text: String::new(),
            remote: None,
            replaced: false,
        };
        let mut ended = finished(run("01920000-0001", Some("app"), State::Succeeded));
        ended.references.push(found);
        let outcome = Outcome {
            run: Some(ended),
            ..Outcome::default()
        };
        store.finish(&again, &outcome, LATER).await.unwrap();
        let rows = store
            .run_refs("01920000-0001", &Ask::default())
            .await
            .unwrap()
            .items;
        assert_eq!((rows[0].old, rows[0].replaced), (Some(oid('1')), true));
    }
);

on_both!(
    a_mirror_that_ends_its_process_again_and_again_waits_longer,
    |fresh| {
        fresh.settled("app").await;
        let store = &fresh.store;
        store.mark_due("app", &[Due::sweep()], Time(10)).await.unwrap();
        let mut now = Time(10);
        let mut waits = Vec::new();
        for _ in 0..4 {
            fresh.claim("w", now).await.unwrap();
            now = now + LEASE;
            // Taken from the silent worker; whether it is given out in the same moment depends on the wait.
            store.reap(now).await.unwrap();
            let next = store.mirror("app").await.unwrap().next_at.unwrap();
            waits.push((next.0 - now.0).max(0));
            if next > now {
                assert!(fresh.claim("w", now).await.is_none());
                now = next;
            }
        }
        assert_eq!(waits, [0, 1_000, 2_000, 4_000]);
    }
);

on_both!(what_cannot_be_read_of_one_mirror_stops_no_other, |fresh| {
    let store = &fresh.store;
    store.adopt(&[known("app"), known("bad")], Time(0)).await.unwrap();
    while let Some(claim) = fresh.claim("w", Time(0)).await {
        store.finish(&claim, &Outcome::default(), Time(0)).await.unwrap();
    }
    store.mark_due("bad", &[Due::sweep()], Time(10)).await.unwrap();
    store.mark_due("app", &[Due::sweep()], Time(11)).await.unwrap();
    store
        .db()
        .exec("UPDATE due SET told = 'x' WHERE mirror = 'bad'", vec![])
        .await
        .unwrap();
    let asked = run("01920000-0001", None, State::Queued);
    store.ask_run(&asked, Time(9)).await.unwrap();
    store
        .db()
        .exec("UPDATE runs SET inputs = 'x'", vec![])
        .await
        .unwrap();

    let claim = fresh.claim("w", Time(12)).await.unwrap();
    assert_eq!(claim.mirror.as_deref(), Some("app"));
    let bad = store.mirror("bad").await.unwrap();
    assert_eq!((bad.failures, bad.health), (1, Health::Failed));
    assert!(bad.error.unwrap().contains("cannot be read"));
    assert_eq!(bad.next_at, Some(Time(1_012)));
    assert!(fresh.claim("w", Time(1_012)).await.is_none());
    let bad = store.mirror("bad").await.unwrap();
    assert_eq!((bad.failures, bad.next_at), (2, Some(Time(3_012))));
});

on_both!(
    a_look_at_everything_tells_how_much_there_is_also_while_something_waits,
    |fresh| {
        fresh.settled("app").await;
        let store = &fresh.store;
        store.mark_due("app", &[Due::sweep()], Time(10)).await.unwrap();
        let claim = fresh.claim("w", Time(10)).await.unwrap();
        let outcome = Outcome {
            looked_at: Some(7),
            standing: vec![stands("main", Why::Conflict, '3', '4', 10)],
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(11)).await.unwrap();
        assert_eq!(store.memory("app", None).await.unwrap().references, 7);
        assert!(store.mirror("app").await.unwrap().in_sync_at.unwrap() < Time(11));
    }
);

on_both!(a_mirror_whose_only_conflict_was_settled_is_in_sync, |fresh| {
    // Of a mirror that nobody looked at as a whole it is not known.
    for (mirror, looked_at, health) in [("app", Some(7), Health::InSync), ("web", None, Health::New)] {
        let store = &fresh.store;
        store.adopt(&[known(mirror)], Time(10)).await.unwrap();
        let claim = fresh.claim("w", Time(10)).await.unwrap();
        let outcome = Outcome {
            looked_at,
            standing: vec![stands("main", Why::Conflict, '3', '4', 10)],
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(11)).await.unwrap();
        assert_eq!(store.mirror(mirror).await.unwrap().health, Health::Waiting);
        let due = [pushed("main", '3', '4')];
        store.mark_due(mirror, &due, Time(12)).await.unwrap();
        let claim = fresh.claim("w", Time(12)).await.unwrap();
        let id = format!("01920000-{mirror}");
        let outcome = Outcome {
            run: Some(finished(run(&id, Some(mirror), State::Succeeded))),
            settled: vec![name("main")],
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(13)).await.unwrap();
        let now = store.mirror(mirror).await.unwrap();
        assert_eq!(
            (now.health, now.in_sync_at),
            (health, looked_at.map(|_| Time(13))),
            "{mirror}"
        );
    }
});

on_both!(a_mirror_tells_what_is_refused_and_why, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store.mark_due("app", &[Due::sweep()], Time(10)).await.unwrap();
    let claim = fresh.claim("w", Time(10)).await.unwrap();
    let refused = |short, why, text: &str, at| Standing {
        text: text.into(),
        ..stands(short, why, '3', '4', at)
    };
    let outcome = Outcome {
        standing: vec![
            refused("a", Why::Refused, "a case clash", 10),
            refused("b", Why::Rejected, "hook declined", 9),
            refused("c", Why::TargetOnly, "its own", 8),
        ],
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(11)).await.unwrap();
    let told = store.mirror("app").await.unwrap();
    assert_eq!(
        (told.refused, told.refusal.as_deref()),
        (2, Some("hook declined"))
    );
    fresh.settled("web").await;
    let told = store.mirror("web").await.unwrap();
    assert_eq!((told.refused, told.refusal), (0, None));
});
