use std::time::Instant;

use crate::testing::*;
use crate::{Store, Time};

/// Far longer than anything here takes: who waits that long was not woken.
const LONG: std::time::Duration = std::time::Duration::from_secs(50);

on_both!(
    what_comes_between_registering_and_waiting_ends_the_wait,
    |fresh| {
        fresh.settled("app").await;
        let mut waker = fresh.store.waker();
        fresh
            .store
            .mark_due("app", &[pushed("main", '1', '2')], Time(1))
            .await
            .unwrap();
        let start = Instant::now();
        waker.wait(LONG).await;
        assert!(start.elapsed() < LONG);
        assert!(fresh.claim("w", Time(2)).await.is_some());
    }
);

on_both!(without_anything_new_a_wait_ends_by_itself, |fresh| {
    let mut waker = fresh.store.waker();
    waker.wait(std::time::Duration::from_millis(5)).await;
});

#[tokio::test]
async fn another_process_on_postgres_is_woken() {
    let fresh = postgres().await;
    fresh.settled("app").await;
    let other = Store::open(&fresh.url.clone().into()).await.unwrap();
    let mut waker = other.waker();
    fresh
        .store
        .mark_due("app", &[pushed("main", '1', '2')], Time(1))
        .await
        .unwrap();
    let start = Instant::now();
    waker.wait(LONG).await;
    assert!(start.elapsed() < LONG);
}

#[tokio::test]
async fn a_listener_that_was_cut_listens_again() {
    let fresh = postgres().await;
    fresh.settled("app").await;
    let other = Store::open(&fresh.url.clone().into()).await.unwrap();
    let mut waker = other.waker();
    testkit::postgres::execute(
        &fresh.url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%LISTEN%' AND pid <> pg_backend_pid()",
    );
    // It rings once when it listens again: something may have been told meanwhile.
    let start = Instant::now();
    waker.wait(LONG).await;
    assert!(start.elapsed() < LONG);
    fresh
        .store
        .mark_due("app", &[pushed("main", '1', '2')], Time(1))
        .await
        .unwrap();
    waker.wait(LONG).await;
    assert!(start.elapsed() < LONG);
}
