//! Somebody else writes between our look and our write, on either side: nothing of theirs is lost.

use engine::report::Outcome;
use engine::side::Side;
use testkit::{Gate, Repo, Service, Then, When};

use super::{at, oid, repo};
use crate::mirror::{Done, Mirror};
use crate::scene::Scene;

/// Runs while somebody else changes the side between the look and the write.
async fn raced(scene: &Scene, side: Side, mirror: Mirror, change: impl FnOnce(&Repo)) -> Done {
    let gate = Gate::new();
    let push = at(side, When::call(Service::ReceivePack));
    scene.server.once(push, Then::Hold(gate.clone()));
    let run = tokio::spawn(mirror.two_way().run());
    gate.arrival().await;
    change(repo(scene, side));
    gate.open();
    let done = run.await.unwrap();
    scene.source.fsck_strict();
    scene.target.fsck_strict();
    done
}

#[tokio::test]
async fn a_push_to_the_side_that_is_written_wins() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::mirrored();
        let ours = repo(&scene, side.other()).commit("main", "ours");
        let mut theirs = String::new();
        let done = raced(&scene, side, scene.mirror(), |repo| {
            theirs = repo.commit("main", "theirs");
        })
        .await;
        assert_eq!(
            done.outcome("refs/heads/main"),
            Outcome::LeaseLost {
                now: Some(oid(&theirs))
            }
        );
        assert_eq!(done.exit(), 3);
        assert_eq!(repo(&scene, side).resolve("main"), theirs);
        assert_eq!(repo(&scene, side.other()).resolve("main"), ours);
    }
}

#[tokio::test]
async fn a_deletion_on_the_side_that_is_written_is_not_undone() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::mirrored();
        repo(&scene, side.other()).commit("main", "ours");
        let done = raced(&scene, side, scene.mirror(), |repo| {
            repo.delete_ref("refs/heads/main");
        })
        .await;
        assert_eq!(done.outcome("refs/heads/main"), Outcome::LeaseLost { now: None });
        assert_eq!(done.exit(), 3);
        assert_eq!(repo(&scene, side).get("refs/heads/main"), None);
    }
}

#[tokio::test]
async fn a_name_that_both_sides_create_at_once_is_nobodys_loss() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::mirrored();
        let ours = repo(&scene, side.other()).commit_onto("topic", Some("main"), "ours");
        let mut theirs = String::new();
        let done = raced(&scene, side, scene.mirror(), |repo| {
            theirs = repo.commit_onto("topic", Some("main"), "theirs");
        })
        .await;
        assert_eq!(done.exit(), 3, "{:?}", done.report);
        assert_eq!(repo(&scene, side).resolve("topic"), theirs);
        assert_eq!(repo(&scene, side.other()).resolve("topic"), ours);
    }
}

#[tokio::test]
async fn who_moves_on_while_we_write_is_followed_by_the_next_run() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "seen");
    let mut later = String::new();
    let gate = Gate::new();
    let push = at(Side::Target, When::call(Service::ReceivePack));
    scene.server.once(push, Then::Hold(gate.clone()));
    let run = tokio::spawn(scene.mirror().two_way().run());
    gate.arrival().await;
    later.push_str(&scene.source.commit("main", "not seen yet"));
    gate.open();
    let done = run.await.unwrap().ok();
    assert_eq!(done.outcome("refs/heads/main").to_string(), "fast-forwarded");
    assert_eq!(scene.target.resolve("main"), scene.source.resolve("main~1"));

    scene.mirror().two_way().run().await.ok();
    assert_eq!(scene.target.resolve("main"), later);
}
