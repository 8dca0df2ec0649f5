//! Both ways.

use engine::side::Side;
use store::conflict::Why;
use store::page::Ask;
use store::queue::Marked;
use store::run::State;

use super::scene::{Scene, reference};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_to_either_side_goes_to_the_other() {
    let mut scene = Scene::two_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    scene.assert_equal();

    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    assert_eq!(scene.both("main").1, Some(new.clone()));

    let target = testkit::Repo::open(scene.target.path());
    let newer = target.commit("main", "three");
    scene.hook(Side::Target, "main", Some(&new), Some(&newer)).await;
    scene.settle().await;
    assert_eq!(scene.both("main").0, Some(newer));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_of_our_own_push_makes_no_run() {
    let mut scene = Scene::two_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    let runs = scene.runs().await.len();
    scene.server.forget();
    let marked = scene.hook(Side::Target, "main", Some(&old), Some(&new)).await;
    assert_eq!(marked, Marked::Echo);
    scene.settle().await;
    assert_eq!(scene.runs().await.len(), runs);
    assert!(scene.server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_shown_and_ends_by_itself_when_both_sides_agree() {
    let mut scene = Scene::two_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let here = scene.source.commit("main", "here");
    let target = testkit::Repo::open(scene.target.path());
    let there = target.commit("main", "there");
    scene.hook(Side::Source, "main", Some(&old), Some(&here)).await;
    scene.hook(Side::Target, "main", Some(&old), Some(&there)).await;
    scene.settle().await;
    assert_eq!(scene.both("main"), (Some(here.clone()), Some(there.clone())));
    assert_eq!(scene.last_run().await.state, State::Refused);
    let conflict = scene.store().conflict("app", &reference("main")).await.unwrap();
    assert_eq!(conflict.standing.why, Why::Conflict);
    assert_eq!(conflict.standing.seen.source.unwrap().to_string(), here);
    scene
        .wait_for("people to be told", async |scene: &Scene| {
            let notices = scene.store().notices().await.unwrap();
            notices.len() == 1 && notices[0].event == "conflict"
        })
        .await;

    scene.target.set_ref("refs/heads/main", &old);
    scene
        .target
        .git(&["fetch", "-q", &scene.source.file_url(), "main"]);
    scene.target.set_ref("refs/heads/main", &here);
    scene.hook(Side::Target, "main", Some(&there), Some(&here)).await;
    scene.settle().await;
    let open = scene.store().conflicts(None, &Ask::default()).await.unwrap();
    assert!(open.items.is_empty());
    scene
        .wait_for("the notice to be over", async |scene: &Scene| {
            scene.store().notices().await.unwrap().is_empty()
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_was_deleted_is_never_resurrected() {
    let mut scene = Scene::two_way("").await;
    scene.source.commit("main", "one");
    let gone = scene.source.commit("gone", "two");
    scene.start().await;
    scene.target.delete_ref("refs/heads/gone");
    scene.hook(Side::Target, "gone", Some(&gone), None).await;
    scene.settle().await;
    for _ in 0..2 {
        scene.sweep().await;
        assert_eq!(scene.both("gone"), (Some(gone.clone()), None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_mirrored_both_ways_where_it_shall_be() {
    let mut scene = Scene::two_way("    syncDelete: true").await;
    for name in ["main", "a", "b"] {
        scene.source.commit(name, name);
    }
    scene.start().await;
    let (a, b) = (scene.both("a").0.unwrap(), scene.both("b").0.unwrap());
    scene.source.delete_ref("refs/heads/a");
    scene.hook(Side::Source, "a", Some(&a), None).await;
    scene.target.delete_ref("refs/heads/b");
    scene.hook(Side::Target, "b", Some(&b), None).await;
    scene.settle().await;
    assert_eq!((scene.both("a"), scene.both("b")), ((None, None), (None, None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_came_back_to_itself_stays_whatever_order_the_webhooks_come_in() {
    let mut scene = Scene::two_way("").await;
    let x = scene.source.commit("main", "x");
    scene.start().await;
    // X → Y → X within a second; the hooks come doubled and the wrong way round.
    let y = scene.source.commit("main", "y");
    scene.source.set_ref("refs/heads/main", &x);
    let moves = [(&y, &x), (&x, &y), (&y, &x), (&x, &y)];
    let moves = moves.map(|(old, new)| (old.as_str(), new.as_str()));
    scene.hooks(Side::Source, "main", &moves).await;
    scene.settle().await;
    assert_eq!(scene.both("main"), (Some(x.clone()), Some(x.clone())));

    // One more, late: it looks as if the source were behind its own webhook, which changes nothing either.
    let runs = scene.runs().await.len();
    scene.hook(Side::Source, "main", Some(&x), Some(&y)).await;
    scene
        .wait_for("another look", async |scene: &Scene| {
            scene.runs().await.len() > runs && super::scene::is_over(scene.last_run().await.state)
        })
        .await;
    assert_eq!(scene.both("main"), (Some(x.clone()), Some(x)));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_repository_behind_the_address_loses_nothing() {
    for direction in ["one-way", "two-way"] {
        let file = |base: &str, target: &str| {
            format!(
                "mirrors:\n  - name: app\n    direction: {direction}\n    source: {base}/source.git\n    \
                 target: {base}/{target}\n    sweep: off\n    syncDelete: true\n"
            )
        };
        let mut scene = Scene::of_file(|base| file(base, "target.git")).await;
        scene.source.commit("main", "one");
        scene.source.commit("feature", "two");
        scene.start().await;

        // Somebody points the mirror at a repository with a history of its own.
        let other = testkit::Repo::bare(scene.directory.path().join("other.git"));
        let theirs = other.commit("main", "theirs");
        other.commit("own", "own");
        scene.restart(|base| file(base, "other.git")).await;
        scene.start().await;
        assert_eq!(other.get("refs/heads/main"), Some(theirs));
        assert!(other.get("refs/heads/own").is_some(), "{direction}");
        assert!(scene.source.get("refs/heads/feature").is_some());
        assert!(
            other.get("refs/heads/feature").is_some(),
            "what it lacks is created"
        );
    }
}
