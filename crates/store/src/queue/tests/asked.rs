use super::*;

fn asked(claim: &Claim) -> &Run {
    match &claim.work {
        Work::Asked(run) => run,
        Work::Due(_) => panic!("expected a run that was asked for"),
    }
}

on_both!(what_a_person_asks_for_comes_first_even_while_paused, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(10))
        .await
        .unwrap();
    store.set_paused("app", Some("ada"), Time(11)).await.unwrap();
    assert!(fresh.claim("w", Time(12)).await.is_none());
    store
        .ask_run(&run("01920000-0001", Some("app"), State::Queued), Time(12))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(13)).await.unwrap();
    assert_eq!(asked(&claim).id, "01920000-0001");
    assert!(fresh.claim("v", Time(13)).await.is_none(), "one run at a time");
    let outcome = Outcome {
        run: Some(finished(run("01920000-0001", Some("app"), State::Succeeded))),
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(14)).await.unwrap();
    assert!(fresh.claim("w", Time(15)).await.is_none(), "still paused");
    store.set_paused("app", None, Time(16)).await.unwrap();
    let claim = fresh.claim("w", Time(17)).await.unwrap();
    assert!(dues(&claim).names.contains_key(&name("main")));
});

on_both!(a_parked_mirror_runs_nothing_and_keeps_what_is_due, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store.adopt(&[], Time(10)).await.unwrap();
    assert_eq!(store.mirror("app").await.unwrap().health, Health::Parked);
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(11))
        .await
        .unwrap();
    store
        .ask_run(&run("01920000-0001", Some("app"), State::Queued), Time(12))
        .await
        .unwrap();
    assert!(fresh.claim("w", Time(13)).await.is_none());
    store.adopt(&[known("app")], Time(14)).await.unwrap();
    assert_eq!(
        asked(&fresh.claim("w", Time(15)).await.unwrap()).id,
        "01920000-0001"
    );
});

on_both!(
    a_queued_run_is_cancelled_at_once_and_one_under_way_at_the_next_beat,
    |fresh| {
        fresh.settled("app").await;
        let store = &fresh.store;
        for id in ["01920000-0001", "01920000-0002"] {
            store
                .ask_run(&run(id, Some("app"), State::Queued), Time(10))
                .await
                .unwrap();
        }
        let claim = fresh.claim("w", Time(11)).await.unwrap();
        let state = store.cancel_run("01920000-0002", "ada", Time(12)).await;
        assert_eq!(state.unwrap(), State::Cancelled);
        assert_eq!(
            store.heartbeat(&claim, LEASE, Time(13)).await.unwrap(),
            Beat::Mine
        );
        let state = store.cancel_run("01920000-0001", "ada", Time(14)).await;
        assert_eq!(state.unwrap(), State::Running);
        assert_eq!(
            store.heartbeat(&claim, LEASE, Time(15)).await.unwrap(),
            Beat::Cancelled
        );
        let outcome = Outcome {
            run: Some(finished(run("01920000-0001", Some("app"), State::Cancelled))),
            ..Outcome::default()
        };
        store.finish(&claim, &outcome, Time(16)).await.unwrap();
        assert!(fresh.claim("w", Time(17)).await.is_none());
        let state = store.cancel_run("01920000-0001", "ada", Time(18)).await;
        assert_eq!(state.unwrap(), State::Cancelled);
    }
);

on_both!(a_one_off_run_is_in_a_lane_of_its_own, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store
        .ask_run(&run("01920000-0001", None, State::Queued), Time(10))
        .await
        .unwrap();
    let nobody = |_: &str, _: &str| false;
    let claim = store.claim("w", &nobody, LEASE, Time(11)).await.unwrap().unwrap();
    assert_eq!((claim.mirror.as_deref(), asked(&claim).attempt), (None, 1));
    assert!(fresh.claim("v", Time(11)).await.is_none());
    store.begin_run(&claim, asked(&claim)).await.unwrap();
    assert_eq!(
        store.heartbeat(&claim, LEASE, Time(12)).await.unwrap(),
        Beat::Mine
    );

    // Its process dies: it is begun anew, and the old one's word counts no more.
    let again = fresh.claim("v", Time(40_000)).await.unwrap();
    assert_eq!(
        (asked(&again).id.as_str(), asked(&again).attempt),
        ("01920000-0001", 2)
    );
    assert_eq!(
        store.heartbeat(&claim, LEASE, Time(40_001)).await.unwrap(),
        Beat::Lost
    );
    let ended = finished(run("01920000-0001", None, State::Succeeded));
    let outcome = Outcome {
        run: Some(ended),
        ..Outcome::default()
    };
    let late = store.finish(&claim, &outcome, Time(40_002)).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })));
    store.finish(&again, &outcome, Time(40_003)).await.unwrap();
    assert_eq!(store.run("01920000-0001").await.unwrap().state, State::Succeeded);
    assert!(fresh.claim("v", Time(90_000)).await.is_none());
});

on_both!(a_run_that_kills_every_process_ends, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    store
        .ask_run(&run("01920000-0001", Some("app"), State::Queued), Time(10))
        .await
        .unwrap();
    let mut claims = 0;
    while fresh.claim("w", Time(claims * 40_000 + 11)).await.is_some() {
        claims += 1;
    }
    assert_eq!(claims, 5);
    assert_eq!(store.run("01920000-0001").await.unwrap().state, State::Failed);
});

on_both!(a_run_given_back_is_queued_again, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    for mirror in [Some("app"), None] {
        store
            .ask_run(&run("01920000-0001", mirror, State::Queued), Time(10))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(11)).await.unwrap();
        store.begin_run(&claim, asked(&claim)).await.unwrap();
        store.release(&claim, Time(12)).await.unwrap();
        let claim = fresh.claim("v", Time(13)).await.unwrap();
        assert_eq!(asked(&claim).id, "01920000-0001");
        store.finish(&claim, &Outcome::default(), Time(14)).await.unwrap();
        assert_eq!(store.run("01920000-0001").await.unwrap().state, State::Succeeded);
    }
});

on_both!(a_run_that_somebody_wanted_to_end_is_not_begun_anew, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    for (id, mirror) in [("01920000-0001", Some("app")), ("01920000-0002", None)] {
        store
            .ask_run(&run(id, mirror, State::Queued), Time(10))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(11)).await.unwrap();
        store.begin_run(&claim, asked(&claim)).await.unwrap();
        assert_eq!(
            store.cancel_run(id, "ops", Time(12)).await.unwrap(),
            State::Running
        );
        // Its process stops before it heard of that.
        store.release(&claim, Time(13)).await.unwrap();
        let after = store.run(id).await.unwrap();
        assert_eq!((after.state, after.ended), (State::Cancelled, Some(Time(13))));
        assert!(fresh.claim("v", Time(14)).await.is_none());
    }
});
