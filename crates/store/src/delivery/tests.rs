use crate::delivery::*;
use crate::testing::*;

fn delivery(id: &str, host_id: Option<&str>) -> Delivery {
    Delivery {
        id: id.to_owned(),
        mirror: Some("app".to_owned()),
        side: Some("source".to_owned()),
        credential: None,
        provider: "github".to_owned(),
        host_id: host_id.map(str::to_owned),
        event: Some("push".to_owned()),
        at: Time(10),
        from: "192.0.2.1".to_owned(),
        headers: "{}".to_owned(),
        body: vec![0, 159, 146, 150],
        status: 202,
        disposition: "[]".to_owned(),
        repeats: None,
    }
}

on_both!(a_delivery_and_what_it_makes_due_are_kept_together, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let due = vec![("app".to_owned(), pushed("main", '1', '2'))];
    let (marked, repeats) = store.deliver(&delivery("d1", Some("x")), &due).await.unwrap();
    assert_eq!((marked, repeats), (vec![Marked::Queued], None));
    assert!(fresh.claim("w", Time(11)).await.is_some());
    let mut expected = delivery("d1", Some("x"));
    assert_eq!(store.delivery("d1").await.unwrap(), expected);
    store.set_disposition("d1", 202, "[\"queued\"]").await.unwrap();
    expected.disposition = "[\"queued\"]".to_owned();
    expected.body.clear();
    let filter = Filter {
        mirror: Some("app".to_owned()),
        ..Filter::default()
    };
    let page = store.deliveries(&filter, &Ask::default()).await.unwrap();
    assert_eq!(page.items, [expected]);

    // With a mirror that is not there, nothing at all is kept.
    let due = vec![
        ("app".to_owned(), pushed("dev", '1', '2')),
        ("zzz".to_owned(), pushed("dev", '1', '2')),
    ];
    assert!(store.deliver(&delivery("d2", None), &due).await.is_err());
    assert!(store.delivery("d2").await.is_err());
    assert_eq!(store.queue_state(Time(12)).await.unwrap().0, 1);
});

/// The one connection that writes is told that the disk is full, or that nothing may be written, in the middle of its life.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_full_or_read_only_keeps_what_it_has_and_goes_on_when_it_is_not() {
    let fresh = sqlite().await;
    fresh.settled("app").await;
    let store = &fresh.store;
    let due = |short: &str| vec![("app".to_owned(), pushed(short, '1', '2'))];
    for (kind, closed, open, told) in [
        (
            "full",
            "PRAGMA max_page_count = 1",
            "PRAGMA max_page_count = 1000000",
            "make room",
        ),
        (
            "only",
            "PRAGMA query_only = ON",
            "PRAGMA query_only = OFF",
            "cannot be written",
        ),
    ] {
        let id = |which: &str| format!("{kind}-{which}");
        store
            .deliver(&delivery(&id("before"), None), &due("main"))
            .await
            .unwrap();
        let large = Delivery {
            body: vec![7; 1 << 20],
            ..delivery(&id("large"), None)
        };
        store.db().exec(closed, Vec::new()).await.unwrap();
        let error = store.deliver(&large, &due(kind)).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Unusable(text) if text.contains(told)),
            "{kind}: {error:?}"
        );
        assert_eq!(store.delivery(&id("before")).await.unwrap().status, 202);
        assert!(
            store.delivery(&id("large")).await.is_err(),
            "{kind}: half of it was kept"
        );
        store.db().exec(open, Vec::new()).await.unwrap();
        let marked = store.deliver(&large, &due(kind)).await.unwrap().0;
        assert_eq!(marked, [Marked::Queued], "{kind}: what failed made nothing due");
        assert_eq!(store.delivery(&id("large")).await.unwrap().body.len(), 1 << 20);
    }
}

on_both!(a_host_that_sends_again_is_known_at_its_endpoint_alone, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let due = vec![("app".to_owned(), pushed("main", '1', '2'))];
    store.deliver(&delivery("d1", Some("x")), &due).await.unwrap();
    let (marked, repeats) = store.deliver(&delivery("d2", Some("x")), &due).await.unwrap();
    assert_eq!(
        (marked, repeats.as_deref()),
        (vec![Marked::Coalesced], Some("d1"))
    );
    let mut other = delivery("d3", Some("x"));
    other.side = Some("target".to_owned());
    assert_eq!(store.deliver(&other, &[]).await.unwrap().1, None);
    let mut by_hand = delivery("d4", Some("x"));
    by_hand.repeats = Some("d3".to_owned());
    assert_eq!(
        store.deliver(&by_hand, &[]).await.unwrap().1.as_deref(),
        Some("d3")
    );
    assert_eq!(store.prune(0, 0, 1, Time(20)).await.unwrap(), 3);
    let left = store
        .deliveries(&Filter::default(), &Ask::default())
        .await
        .unwrap();
    assert_eq!(left.items[0].id, "d4");
});

on_both!(
    a_hosts_delivery_is_found_by_each_mirror_that_it_concerns,
    |fresh| {
        let store = &fresh.store;
        store.adopt(&[known("a"), known("b")], Time(0)).await.unwrap();
        let mut sent = delivery("d1", None);
        (sent.mirror, sent.side, sent.credential) = (None, None, Some("ghe".to_owned()));
        let due = vec![
            ("b".to_owned(), pushed("main", '1', '2')),
            ("a".to_owned(), pushed("main", '1', '2')),
            ("b".to_owned(), pushed("main", '2', '3')),
        ];
        let (marked, _) = store.deliver(&sent, &due).await.unwrap();
        assert_eq!(marked, [Marked::Queued, Marked::Queued, Marked::Coalesced]);
        for (mirror, credential, found) in [
            (Some("a"), None, 1),
            (Some("c"), None, 0),
            (None, Some("ghe"), 1),
            (None, Some("x"), 0),
        ] {
            let filter = Filter {
                mirror: mirror.map(str::to_owned),
                credential: credential.map(str::to_owned),
            };
            let page = store.deliveries(&filter, &Ask::default()).await.unwrap();
            assert_eq!(page.items.len(), found, "{filter:?}");
        }
    }
);

on_both!(deliveries_that_come_together_are_kept_together, |fresh| {
    fresh.settled("app").await;
    let arrival = |id: &str, mirror: &str| Arrival {
        delivery: delivery(id, Some("x")),
        due: vec![(mirror.to_owned(), pushed("main", '1', '2'))],
        answer: Box::new(|delivered| format!("{:?}", delivered.marked)),
    };
    let store = &fresh.store;
    let all = [arrival("d1", "app"), arrival("d2", "app")];
    let delivered = store.deliver_all(&all).await.unwrap();
    assert_eq!(delivered[0].marked, [Marked::Queued]);
    assert_eq!(delivered[1].repeats.as_deref(), Some("d1"));
    assert_eq!(store.delivery("d2").await.unwrap().disposition, "[Coalesced]");
    let broken = [arrival("d3", "app"), arrival("d4", "nobody")];
    assert!(store.deliver_all(&broken).await.is_err());
    assert!(store.delivery("d3").await.is_err());
});

fn arrival(id: &str, host_id: Option<&str>, mirrors: &[&str], branch: &str) -> Arrival {
    let due = mirrors
        .iter()
        .map(|mirror| ((*mirror).to_owned(), pushed(branch, '1', '2')));
    Arrival {
        delivery: delivery(id, host_id),
        due: due.collect(),
        answer: Box::new(|delivered| format!("{:?} {:?}", delivered.marked, delivered.repeats)),
    }
}

on_both!(
    deliveries_that_come_at_once_are_kept_with_what_became_of_each,
    |fresh| {
        fresh.settled("app").await;
        let store = &fresh.store;
        let arrivals = [
            arrival("d1", Some("x"), &["app"], "main"),
            arrival("d2", Some("x"), &["app"], "main"),
            arrival("d3", None, &["app"], "dev"),
        ];
        let delivered = store.deliver_all(&arrivals).await.unwrap();
        let marked: Vec<_> = delivered.iter().map(|one| one.marked[0]).collect();
        assert_eq!(marked, [Marked::Queued, Marked::Coalesced, Marked::Queued]);
        assert_eq!(delivered[1].repeats.as_deref(), Some("d1"));
        let kept = store.delivery("d2").await.unwrap();
        assert_eq!(kept.disposition, "[Coalesced] Some(\"d1\")");

        let arrivals = [
            arrival("d4", None, &["app"], "new"),
            arrival("d5", None, &["zzz"], "new"),
        ];
        assert!(store.deliver_all(&arrivals).await.is_err());
        assert!(store.delivery("d4").await.is_err(), "either all are kept or none");
    }
);

on_both!(
    deliveries_for_the_same_mirrors_in_any_order_never_wait_for_each_other_for_ever,
    |fresh| {
        for mirror in ["a", "b"] {
            fresh.settled(mirror).await;
        }
        let store = &fresh.store;
        for round in 0..20 {
            let (one, two) = (format!("one{round}"), format!("two{round}"));
            let forth = [
                arrival(&format!("a{round}"), None, &["a"], &one),
                arrival(&format!("b{round}"), None, &["b"], &one),
            ];
            let back = [
                arrival(&format!("c{round}"), None, &["b"], &two),
                arrival(&format!("d{round}"), None, &["a"], &two),
            ];
            let (forth, back) = tokio::join!(store.deliver_all(&forth), store.deliver_all(&back));
            assert_eq!((forth.unwrap().len(), back.unwrap().len()), (2, 2));
        }
    }
);
