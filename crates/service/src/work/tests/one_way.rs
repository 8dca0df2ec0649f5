//! From the source to the target.

use engine::side::Side;
use store::mirror::Health;
use store::run::State;
use testkit::{Service, Then, When};

use super::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_look_mirrors_what_is_there() {
    let mut scene = Scene::one_way("").await;
    scene.source.commit("main", "one");
    scene.source.tag_light("v1", "main");
    scene.start().await;
    scene.assert_equal();
    let run = scene.last_run().await;
    assert_eq!(
        (run.state, run.written, run.trigger.as_str()),
        (State::Succeeded, 2, "sweep")
    );
    assert!(scene.overview().await.in_sync_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_a_webhook_tells_is_mirrored() {
    let mut scene = Scene::one_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    scene.assert_equal();
    let run = scene.last_run().await;
    assert_eq!((run.state, run.trigger.as_str()), (State::Succeeded, "webhook"));
    let row = &scene.refs_of(&run).await[0];
    assert_eq!((row.outcome.as_str(), row.replaced), ("fast-forwarded", true));
    let log = scene.store().run_log(&run.id, 0, 100).await.unwrap();
    assert!(log.iter().any(|line| line.text.starts_with("main: ")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_force_push_that_a_webhook_tells_is_mirrored() {
    let mut scene = Scene::one_way("").await;
    scene.source.commit("main", "one");
    let old = scene.source.commit("main", "two");
    scene.start().await;
    let new = scene.source.commit_onto("main", None, "other");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    assert_eq!(scene.both("main"), (Some(new.clone()), Some(new)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_of_a_mirror_in_sync_leaves_no_run() {
    let mut scene = Scene::one_way("").await;
    scene.source.commit("main", "one");
    scene.start().await;
    let runs = scene.runs().await.len();
    scene.sweep().await;
    assert_eq!(scene.runs().await.len(), runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_mirrored_only_where_it_shall_be() {
    for (more, kept) in [("    syncDelete: true", false), ("", true)] {
        let mut scene = Scene::one_way(more).await;
        scene.source.commit("main", "one");
        let gone = scene.source.commit("gone", "two");
        scene.start().await;
        scene.source.delete_ref("refs/heads/gone");
        scene.hook(Side::Source, "gone", Some(&gone), None).await;
        scene.settle().await;
        assert_eq!(scene.both("gone").1.is_some(), kept, "{more}");
        scene.sweep().await;
        assert_eq!(scene.both("gone").1.is_some(), kept, "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_target_refuses_waits_until_a_side_changes() {
    let mut scene = Scene::one_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    scene.target.hook("pre-receive", "echo no; exit 1");
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    assert_eq!(scene.last_run().await.state, State::Refused);

    // The target would take it by now, but nobody told, and a sweep does not push it again.
    scene.target.hook("pre-receive", "exit 0");
    scene.server.forget();
    scene.sweep().await;
    let pushes = scene.server.requests();
    assert!(!pushes.iter().any(|one| one.is_call(Service::ReceivePack)));
    assert_eq!(scene.both("main").1, Some(old));

    let newer = scene.source.commit("main", "three");
    scene.hook(Side::Source, "main", Some(&new), Some(&newer)).await;
    scene.settle().await;
    scene.assert_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_cannot_write_now_is_a_failure_that_people_are_told_of() {
    let mut scene = Scene::one_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    // What a push that died leaves behind: the report says no more than that the reference could not be updated.
    let lock = scene.target.path().join("refs/heads/main.lock");
    std::fs::write(&lock, "").unwrap();
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene
        .wait_for("people to be told", async |scene: &Scene| {
            !scene.store().notices().await.unwrap().is_empty()
        })
        .await;
    let notice = scene.store().notices().await.unwrap().remove(0);
    assert_eq!(
        (notice.event.as_str(), notice.mirrors.as_slice()),
        ("failure", ["app".to_owned()].as_slice())
    );
    assert!(notice.text.contains("refs/heads/main"), "{notice:?}");
    let overview = scene.overview().await;
    assert_eq!((overview.health, overview.failures), (Health::Failed, 3));
    assert_eq!(scene.last_run().await.state, State::Failed);

    std::fs::remove_file(lock).unwrap();
    scene
        .wait_for("the next try", async |scene: &Scene| {
            scene.store().notices().await.unwrap().is_empty()
        })
        .await;
    scene.assert_equal();
    assert_eq!(scene.overview().await.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_is_asked_again_by_itself() {
    let mut scene = Scene::one_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    // What every run needs: a pack that is asked for ahead may fail without a word.
    let needed = When::discovery(Service::ReceivePack);
    scene.server.times(2, needed, Then::status(500));
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    scene.assert_equal();
    let states: Vec<State> = scene.runs().await.iter().map(|run| run.state).collect();
    assert_eq!(states[0], State::Succeeded);
    assert_eq!(states[1], State::Failed);
    let failed = &scene.runs().await[1];
    let fault = failed.fault.as_ref().unwrap();
    assert!(
        fault.retry && fault.advice.as_ref().unwrap().contains("git ls-remote"),
        "{fault:?}"
    );
    assert_eq!(scene.overview().await.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_shows_the_old_value_for_a_while_is_asked_again() {
    let mut scene = Scene::one_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    // The webhook comes before the listing has the new value.
    let new = scene.source.commit("main", "two");
    scene.source.set_ref("refs/heads/main", &old);
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene
        .wait_for("a run that saw the old value", async |scene: &Scene| {
            scene.last_run().await.trigger == "webhook" && scene.last_run().await.state == State::Succeeded
        })
        .await;
    assert_eq!(scene.both("main").1, Some(old));
    scene.source.set_ref("refs/heads/main", &new);
    scene.settle().await;
    scene.assert_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_recreated_empty_deletes_nothing() {
    let mut scene = Scene::one_way("    syncDelete: true").await;
    for number in 0..3 {
        scene.source.commit(&format!("b{number}"), "one");
    }
    scene.start().await;
    let before = scene.target.refs();
    for number in 0..3 {
        scene.source.delete_ref(&format!("refs/heads/b{number}"));
    }
    scene.sweep().await;
    assert_eq!(scene.target.refs(), before);
    let run = scene.last_run().await;
    assert_eq!(run.state, State::Held);
    assert!(scene.refs_of(&run).await.iter().all(|one| one.outcome == "held"));
    scene.sweep().await;
    assert_eq!(scene.target.refs(), before);
    assert_eq!(scene.last_run().await.id, run.id, "it is held once");
}
