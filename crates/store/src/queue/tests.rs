use crate::Time;
use crate::queue::*;
use crate::testing::*;

on_both!(what_a_webhook_told_is_claimed_and_cleared, |fresh| {
    fresh.settled("app").await;
    let store = &fresh.store;
    let due = [pushed("main", '1', '2'), pushed("dev", '-', '3')];
    let marked = store.mark_due("app", &due, Time(10)).await.unwrap();
    assert_eq!(marked, [Marked::Queued, Marked::Queued]);
    let again = store.mark_due("app", &[pushed("main", '2', '4')], Time(11)).await;
    assert_eq!(again.unwrap(), [Marked::Coalesced]);
    let claim = fresh.claim("w", Time(12)).await.unwrap();
    assert_eq!(claim.mirror.as_deref(), Some("app"));
    let seen = dues(&claim);
    assert_eq!(seen.since, Some(Time(10)));
    assert_eq!(seen.names.len(), 2);
    assert_eq!(seen.names[&name("main")].events.source.len(), 2);
    assert!(!seen.all);
    assert!(fresh.claim("v", Time(12)).await.is_none());
    store.finish(&claim, &Outcome::default(), Time(13)).await.unwrap();
    assert!(fresh.claim("v", Time(14)).await.is_none());
    assert_eq!(store.queue_state(Time(14)).await.unwrap(), (0, None));
});
