//! What a person orders.

use engine::side::Side;
use store::page::Ask;
use store::run::{Inputs, Order, State};

use super::fixture::caller;
use super::scene::Scene;
use crate::ops::ask;

fn ordered(order: Order) -> Inputs {
    Inputs {
        order: Some(order),
        ..Inputs::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_released_by_an_approval() {
    let mut scene = Scene::one_way("    syncDelete: true").await;
    for number in 0..8 {
        scene.source.commit(&format!("b{number}"), "one");
    }
    scene.start().await;
    for number in 0..7 {
        scene.source.delete_ref(&format!("refs/heads/b{number}"));
    }
    let new = scene.source.commit("new", "new");
    scene.sweep().await;
    assert_eq!(scene.both("new").1, Some(new), "creations proceed");
    assert!(scene.both("b0").1.is_some());
    let held = scene.last_run().await;
    assert_eq!((held.state, scene.overview().await.held), (State::Held, 1));
    scene
        .wait_for("people to be told", async |scene: &Scene| {
            let notices = scene.store().notices().await.unwrap();
            notices.len() == 1 && notices[0].event == "held"
        })
        .await;

    // One of them moved since on the target: the approval was not for that.
    let target = testkit::Repo::open(scene.target.path());
    let moved = target.commit("b0", "kept");
    let run = scene.ask(ordered(Order::Approve { run: held.id.clone() })).await;
    assert_eq!(run.state, State::Refused);
    assert_eq!(scene.both("b0").1, Some(moved));
    assert_eq!(scene.both("b1").1, None);
    assert_eq!(run.written, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_meets_again_what_is_held_is_led_to_the_run_that_holds_it() {
    let mut scene = Scene::one_way("    syncDelete: true").await;
    for number in 0..8 {
        scene.source.commit(&format!("b{number}"), "one");
    }
    scene.start().await;
    for number in 0..7 {
        scene.source.delete_ref(&format!("refs/heads/b{number}"));
    }
    scene.sweep().await;
    let held = scene.last_run().await;
    assert_eq!(held.state, State::Held);
    scene.source.commit("later", "later");
    scene.sweep().await;
    let later = scene.last_run().await;
    assert_eq!((later.state, later.written), (State::Held, 1));
    let again = scene.refs_of(&later).await;
    assert!(again.iter().any(|one| one.outcome == "standing"), "{again:?}");

    let elsewhere = ask::approve(&scene.app, &caller(None), &later.id).await;
    let elsewhere = elsewhere.unwrap_err().to_string();
    assert!(elsewhere.contains(&held.id), "{elsewhere}");
    // Run now holds the same anew, and may be approved as well.
    let again = scene.ask(Inputs::default()).await;
    assert_eq!(again.state, State::Held);
    let run = ask::approve(&scene.app, &caller(None), &again.id).await.unwrap();
    assert_eq!(run.of, Some(again.id));
    assert_eq!(scene.ended(&run.id).await.state, State::Succeeded);
    scene.assert_equal();
    let over = ask::approve(&scene.app, &caller(None), &later.id)
        .await
        .unwrap_err();
    assert!(over.to_string().contains("holds nothing any more"), "{over}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_replaced_is_put_back_and_stays_so() {
    let mut scene = Scene::one_way("").await;
    scene.source.commit("main", "one");
    let old = scene.source.commit("main", "two");
    scene.start().await;
    let new = scene.source.commit_onto("main", None, "oops");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    let oops = scene.last_run().await;
    assert_eq!(scene.both("main").1, Some(new));

    let run = scene.ask(ordered(Order::Undo { run: oops.id })).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    assert_eq!(scene.both("main").1, Some(old.clone()));
    scene.sweep().await;
    assert_eq!(scene.both("main").1, Some(old), "a sweep does not do it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_settled_for_the_values_that_were_shown_alone() {
    let mut scene = Scene::two_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let here = scene.source.commit("main", "here");
    let there = testkit::Repo::open(scene.target.path()).commit("main", "there");
    scene.hook(Side::Source, "main", Some(&old), Some(&here)).await;
    scene.settle().await;

    let resolve = |source: &str, keep_both| {
        ordered(Order::Resolve {
            reference: "refs/heads/main".into(),
            take: "source".into(),
            keep_both,
            source: Some(source.to_owned()),
            target: Some(there.clone()),
        })
    };
    let run = scene.ask(resolve(&old, false)).await;
    assert_eq!(
        run.state,
        State::Refused,
        "the source has moved since it was shown so"
    );
    assert_eq!(scene.both("main").1, Some(there.clone()));

    let run = scene.ask(resolve(&here, true)).await;
    assert_eq!(
        run.state,
        State::Succeeded,
        "{run:?} {:?}",
        scene.refs_of(&run).await
    );
    assert_eq!(scene.both("main"), (Some(here.clone()), Some(here)));
    let parked = format!("refsync/parked/main/{}", &there[..10]);
    assert_eq!(scene.both(&parked), (Some(there.clone()), Some(there)));
    let open = scene.store().conflicts(None, &Ask::default()).await.unwrap();
    assert!(open.items.is_empty());
    scene.sweep().await;
    scene.assert_equal();
}
