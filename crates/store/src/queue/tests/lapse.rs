use super::*;

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
    assert_eq!(ended.fault.unwrap().kind, "worker-lost");
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
