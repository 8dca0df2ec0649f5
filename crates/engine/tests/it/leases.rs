//! Leases: a write replaces the value that this run saw, or nothing.

use engine::decide::Force;
use engine::report::{Exit, Outcome};
use testkit::{Gate, Repo, Then};

use crate::mirror::{Done, Mirror};
use crate::scene::{Scene, push, text};

/// Runs while somebody else changes the target between the observation and the write.
async fn raced(scene: &Scene, mirror: Mirror, change: impl FnOnce(&Repo)) -> Done {
    let gate = Gate::new();
    scene.server.once(push(), Then::Hold(gate.clone()));
    let run = tokio::spawn(mirror.run());
    gate.arrival().await;
    change(&scene.target);
    gate.open();
    let done = run.await.unwrap();
    scene.target.fsck_strict();
    done
}

fn oid(hex: &str) -> gitwire::Oid {
    gitwire::parse_oid(hex.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_push_that_races_an_update_loses_nothing() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "ours");
    let mut theirs = String::new();
    let done = raced(&scene, scene.mirror(), |target| {
        theirs = target.commit("main", "theirs");
    })
    .await;
    assert_eq!(
        done.outcome("refs/heads/main"),
        Outcome::LeaseLost {
            now: Some(oid(&theirs))
        }
    );
    assert_eq!(done.report.exit(), Exit::OutOfSync);
    assert_eq!(scene.target.resolve("refs/heads/main"), theirs);
}

#[tokio::test]
async fn a_push_that_races_a_forced_update_loses_nothing() {
    for force in [Force::Lease, Force::Always] {
        let scene = Scene::mirrored();
        let old = scene.target.resolve("refs/heads/main");
        scene.source.commit_onto("main", None, "rewritten");
        let mirror = scene.mirror().force(force).old("refs/heads/main", &old);
        let mut theirs = String::new();
        let done = raced(&scene, mirror, |target| theirs = target.commit("main", "theirs")).await;
        assert_eq!(done.exit(), 3, "{:?}", done.report);
        assert_eq!(scene.target.resolve("refs/heads/main"), theirs);
    }
}

#[tokio::test]
async fn a_push_that_races_a_creation_loses_nothing() {
    let scene = Scene::mirrored();
    scene.source.commit_onto("topic", Some("main"), "ours");
    let mut theirs = String::new();
    let done = raced(&scene, scene.mirror(), |target| {
        theirs = target.commit_onto("topic", Some("main"), "theirs");
    })
    .await;
    assert_eq!(done.exit(), 3, "{:?}", done.report);
    assert_eq!(scene.target.resolve("refs/heads/topic"), theirs);
}

#[tokio::test]
async fn a_deletion_that_races_an_update_loses_nothing() {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "theirs");
    scene.copy();
    let old = scene.source.resolve("topic");
    scene.source.delete_ref("refs/heads/topic");
    let mirror = scene.mirror().sync_delete().old("refs/heads/topic", &old);
    let mut theirs = String::new();
    let done = raced(&scene, mirror, |target| {
        theirs = target.commit("topic", "more of theirs");
    })
    .await;
    assert_eq!(
        done.outcome("refs/heads/topic"),
        Outcome::LeaseLost {
            now: Some(oid(&theirs))
        }
    );
    assert_eq!(done.exit(), 3);
    assert_eq!(scene.target.resolve("refs/heads/topic"), theirs);
}

#[tokio::test]
async fn a_push_that_races_a_deletion_brings_nothing_back() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "ours");
    let done = raced(&scene, scene.mirror(), |target| {
        target.delete_ref("refs/heads/main");
    })
    .await;
    assert_eq!(done.outcome("refs/heads/main"), Outcome::LeaseLost { now: None });
    assert_eq!(done.exit(), 3);
    assert_eq!(scene.target.get("refs/heads/main"), None);
}

#[tokio::test]
async fn who_writes_the_same_value_first_is_no_loss() {
    let scene = Scene::mirrored();
    let new = scene.source.commit("main", "ours");
    let source = scene.source.file_url();
    let done = raced(&scene, scene.mirror(), |target| {
        target.git(&["fetch", "-q", &source, "+refs/heads/main:refs/heads/main"]);
    })
    .await;
    assert_eq!(done.outcome("refs/heads/main"), Outcome::AlreadyThere);
    assert_eq!(done.exit(), 0);
    assert_eq!(scene.target.resolve("refs/heads/main"), new);
}

#[tokio::test]
async fn of_several_only_the_raced_one_is_lost() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "ours");
    scene.source.commit_onto("topic", Some("main"), "ours, too");
    let mut theirs = String::new();
    let done = raced(&scene, scene.mirror(), |target| {
        theirs = target.commit("main", "theirs");
    })
    .await;
    assert_eq!(done.outcome("refs/heads/topic"), Outcome::Created);
    assert!(matches!(
        done.outcome("refs/heads/main"),
        Outcome::LeaseLost { .. }
    ));
    assert_eq!(done.exit(), 3);
    assert_eq!(
        scene.target.get("refs/heads/topic"),
        scene.source.get("refs/heads/topic")
    );
    assert_eq!(scene.target.resolve("refs/heads/main"), theirs);
}

/// The commands of the only push.
fn commands(scene: &Scene) -> String {
    let pushes = scene.pushes();
    assert_eq!(pushes.len(), 1, "{pushes:?}");
    text(&pushes[0])
}

#[tokio::test]
async fn the_lease_is_the_value_of_the_advertisement_whatever_was_told() {
    let scene = Scene::mirrored();
    let old = scene.target.resolve("refs/heads/main");
    let told = scene.target.resolve("main~1");
    let new = scene.source.commit("main", "four");
    // The told value is not what the target has; the update goes through because it is a fast-forward.
    let done = scene.mirror().old("refs/heads/main", &told).run().await.ok();
    assert_eq!(done.outcome("refs/heads/main").to_string(), "fast-forwarded");
    assert!(commands(&scene).contains(&format!("{old} {new} refs/heads/main")));
}

#[tokio::test]
async fn always_is_leased_on_the_value_just_observed() {
    let scene = Scene::mirrored();
    let old = scene.target.commit("main", "of the target's own");
    let new = scene.source.commit("main", "four");
    scene.mirror().force(Force::Always).run().await.ok();
    assert!(commands(&scene).contains(&format!("{old} {new} refs/heads/main")));
    scene.assert_same();
}

#[tokio::test]
async fn a_deletion_carries_the_value_of_the_advertisement() {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "to be deleted");
    scene.copy();
    let old = scene.target.resolve("refs/heads/topic");
    scene.source.delete_ref("refs/heads/topic");
    let mirror = scene.mirror().references(&["refs/heads/topic"]).sync_delete();
    let done = mirror.run().await.ok();
    assert_eq!(done.outcome("refs/heads/topic"), Outcome::Deleted);
    let zero = scene.target.zero();
    assert!(commands(&scene).contains(&format!("{old} {zero} refs/heads/topic")));
    scene.assert_same();
}

#[tokio::test]
async fn what_the_target_lacks_gets_no_deletion() {
    let scene = Scene::mirrored();
    let gone = scene.source.resolve("main~1");
    let mirror = scene
        .mirror()
        .references(&["refs/heads/gone"])
        .old("refs/heads/gone", &gone)
        .sync_delete();
    let done = mirror.run().await.ok();
    assert_eq!(done.outcome("refs/heads/gone"), Outcome::UpToDate);
    assert_eq!(scene.pushes().len(), 0);
}
