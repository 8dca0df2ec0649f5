use crate::host::*;
use crate::queue::Outcome;
use crate::testing::*;

on_both!(a_host_has_so_many_slots_and_a_lapsed_one_is_free, |fresh| {
    let store = &fresh.store;
    let take = async |holder: &str, slots, now| {
        let wanted = Wanted {
            slots,
            of: 3,
            insists: false,
        };
        let lease = Duration::from_secs(10);
        store
            .take_slots("a.example", wanted, holder, lease, now)
            .await
            .unwrap()
    };
    assert!(take("x", 1, Time(0)).await);
    assert!(!take("y", 3, Time(1)).await);
    assert!(take("y", 2, Time(1)).await, "those who got too few got none");
    assert!(!take("z", 1, Time(2)).await);
    store.give_slots("a.example", "z").await.unwrap();
    assert!(!take("z", 1, Time(3)).await, "only its holder gives it back");
    store.give_slots("a.example", "x").await.unwrap();
    assert!(take("z", 1, Time(4)).await);
    store.renew_slots("a.example", "z", Time(20_000)).await.unwrap();
    assert!(!take("w", 3, Time(10_001)).await, "z's is renewed");
    assert!(take("w", 2, Time(10_001)).await, "y's lapsed");
    store.renew_slots("a.example", "y", Time(30_000)).await.unwrap();
    store.give_slots("a.example", "y").await.unwrap();
    assert!(!take("v", 1, Time(10_002)).await, "y's late word changes nothing");
});

on_both!(
    who_needs_two_slots_gets_them_though_others_want_one_all_the_time,
    |fresh| {
        let store = &fresh.store;
        let take = async |holder: &str, slots, now| {
            let wanted = Wanted {
                slots,
                of: 2,
                insists: slots > 1,
            };
            let lease = Duration::from_secs(60);
            store
                .take_slots("a.example", wanted, holder, lease, Time(now))
                .await
                .unwrap()
        };
        assert!(take("x", 1, 0).await && take("y", 1, 0).await);
        assert!(!take("two", 2, 1).await);
        store.give_slots("a.example", "x").await.unwrap();
        assert!(!take("x", 1, 2).await, "it is kept for the two");
        assert!(!take("two", 2, 3).await);
        store.give_slots("a.example", "y").await.unwrap();
        assert!(!take("y", 1, 4).await);
        assert!(take("two", 2, 5).await);
        store.give_slots("a.example", "two").await.unwrap();
        assert!(take("x", 1, 6).await, "nobody insists any more");
        // Who insists and is gone keeps nobody waiting.
        assert!(!take("two", 2, 7).await);
        assert!(!take("y", 1, 8).await);
        assert!(take("y", 1, 3_000).await);
    }
);

on_both!(the_longest_wish_to_be_left_alone_counts, |fresh| {
    let store = &fresh.store;
    store.hush("a.example", Time(100)).await.unwrap();
    store.hush("a.example", Time(50)).await.unwrap();
    assert_eq!(
        store.hushed(Time(60)).await.unwrap(),
        [("a.example".to_owned(), Time(100))]
    );
    assert!(store.hushed(Time(100)).await.unwrap().is_empty());
});

on_both!(a_refused_secret_is_tried_now_and_then_by_one, |fresh| {
    let store = &fresh.store;
    let every = Duration::from_secs(60);
    store.refuse_secret("ghe", "h1", 401, Time(0)).await.unwrap();
    assert!(!store.may_probe("ghe", every, Time(59_999)).await.unwrap());
    assert!(store.may_probe("ghe", every, Time(60_000)).await.unwrap());
    assert!(!store.may_probe("ghe", every, Time(60_000)).await.unwrap());
    store.refuse_secret("ghe", "h1", 403, Time(60_001)).await.unwrap();
    let refused = &store.refused_secrets().await.unwrap()[0];
    assert_eq!((refused.since, refused.status), (Time(0), 403));
    store.refuse_secret("ghe", "h2", 401, Time(70_000)).await.unwrap();
    assert_eq!(store.refused_secrets().await.unwrap()[0].since, Time(70_000));
    store.accept_secret("ghe").await.unwrap();
    assert!(store.refused_secrets().await.unwrap().is_empty());
    assert!(!store.may_probe("ghe", every, Time(900_000)).await.unwrap());
});

on_both!(what_sweeps_find_is_summed_by_credential, |fresh| {
    let hour = 3_600_000;
    fresh.settled("app").await;
    for (at, found) in [(0, 2), (hour, 3), (2 * hour, 0)] {
        fresh
            .store
            .mark_due("app", &[crate::queue::Due::sweep()], Time(at))
            .await
            .unwrap();
        let claim = fresh.claim("w", Time(at)).await.unwrap();
        let outcome = Outcome {
            found_by_sweep: vec![("ghe".to_owned(), found)],
            ..Outcome::default()
        };
        fresh.store.finish(&claim, &outcome, Time(at)).await.unwrap();
    }
    let all = fresh.store.found_by_sweeps(Time(0)).await.unwrap();
    assert_eq!(all, [("ghe".to_owned(), 5)]);
    let later = fresh.store.found_by_sweeps(Time(hour + 5)).await.unwrap();
    assert_eq!(later, [("ghe".to_owned(), 3)]);
});
