//! Haves: what a fetch tells the source that the target has.

use std::fs;

use engine::decide::Force;
use testkit::Repo;

use crate::scene::{Scene, advertisement, text};

/// Every id that the fetches named as a have.
fn haves(scene: &Scene) -> Vec<String> {
    let bodies: String = scene.fetches().iter().map(text).collect();
    let lines = bodies.match_indices("have ").map(|(at, _)| at + "have ".len());
    lines
        .map(|start| bodies[start..].chars().take(40).collect())
        .collect()
}

/// Nothing that goes to the source names the id.
#[track_caller]
fn assert_never_told(scene: &Scene, id: &str) {
    for request in scene.server.requests() {
        if request.path.starts_with("/source.git") {
            assert!(!request.body_contains(id.as_bytes()), "{request:?} tells {id}");
        }
    }
}

#[tokio::test]
async fn what_the_target_borrows_from_others_is_never_told() {
    let scene = Scene::mirrored();
    let secret = Repo::bare(scene.folder.path().join("secret.git"));
    let id = secret.commit_onto("main", None, "a secret");
    let alternates = scene.target.git_dir().join("objects/info/alternates");
    fs::create_dir_all(alternates.parent().unwrap()).unwrap();
    fs::write(
        alternates,
        format!("{}\n", secret.git_dir().join("objects").display()),
    )
    .unwrap();
    assert!(
        advertisement(&scene.target).contains(&format!("{id} .have")),
        "git advertises it"
    );

    scene.source.commit("main", "four");
    scene.source.commit_onto("topic", None, "with no common history");
    scene.mirror().run().await.ok();
    assert!(!haves(&scene).is_empty());
    assert_never_told(&scene, &id);
    scene.assert_same();
}

#[tokio::test]
async fn what_is_out_of_scope_on_the_target_is_never_told() {
    let scene = Scene::mirrored();
    let id = scene
        .target
        .commit_onto("refs/pull/1/head", Some("main"), "a secret");
    scene.source.commit("main", "four");
    scene.source.commit_onto("topic", None, "with no common history");
    scene.mirror().run().await.ok();
    assert!(!haves(&scene).is_empty());
    assert_never_told(&scene, &id);
    assert_eq!(scene.target.get("refs/pull/1/head"), Some(id));
}

#[tokio::test]
async fn what_the_target_has_of_its_own_is_never_told() {
    let scene = Scene::mirrored();
    let id = scene
        .target
        .commit_onto("theirs", Some("main"), "of the target's own");
    scene.source.commit("main", "four");
    scene.mirror().run().await.ok();
    assert_never_told(&scene, &id);
}

#[tokio::test]
async fn few_are_told_where_the_source_knows_the_old_value() {
    let scene = Scene::new();
    scene.source.many_refs("refs/tags/many", 1_000);
    scene.copy();
    let old = scene.source.resolve("main");
    scene.source.commit("main", "four");
    scene.mirror().run().await.ok();
    let told = haves(&scene);
    assert!(told.contains(&old), "the old value is the one that counts");
    assert!(told.len() <= 64, "{} haves", told.len());
    scene.assert_same();
}

#[tokio::test]
async fn more_are_told_where_the_source_does_not_know_the_old_value() {
    let scene = Scene::new();
    // The only common value with history that helps is one of many.
    scene.source.history("main", 300);
    scene.source.tag_light("near", "main");
    for number in 0..100 {
        let blob = scene.source.blob(format!("{number}").as_bytes());
        scene.source.tag_light(&format!("a{number:03}"), &blob);
    }
    scene.copy();
    scene.target.commit_onto("main", None, "unknown to the source");
    scene.source.commit("main", "one more");
    let done = scene.mirror().force(Force::Always).run().await.ok();
    assert!(haves(&scene).contains(&scene.source.resolve("near")));
    assert!(
        done.report.bytes < 2_000,
        "{} bytes for one commit",
        done.report.bytes
    );
    scene.assert_same();
}

#[tokio::test]
async fn the_old_value_comes_first() {
    let scene = Scene::new();
    scene.source.many_refs("refs/tags/many", 100);
    scene.copy();
    let old = scene.source.resolve("main");
    scene.source.commit("main", "four");
    scene.mirror().run().await.ok();
    assert_eq!(haves(&scene).first(), Some(&old));
}
