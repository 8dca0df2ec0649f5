//! Two-way runs: what moved on one side goes to the other, and where both moved nothing is written.

use std::collections::BTreeMap;

use engine::decide::Refusal;
use engine::report::Outcome;
use engine::side::Side;
use testkit::{Repo, When};

use crate::mirror::{Done, Mirror};
use crate::scene::Scene;

mod bases;
mod events;
mod looks;
mod races;

const CONFLICT: Outcome = Outcome::Refused(Refusal::Conflict);

/// The references of both sides.
fn both(scene: &Scene) -> [BTreeMap<String, String>; 2] {
    [scene.source.refs(), scene.target.refs()]
}

/// The repository of a side.
fn repo(scene: &Scene, side: Side) -> &Repo {
    match side {
        Side::Source => &scene.source,
        Side::Target => &scene.target,
    }
}

/// The id that git wrote as text.
fn oid(hex: &str) -> gitwire::Oid {
    gitwire::parse_oid(hex.as_bytes()).unwrap()
}

/// What became of a reference, and the side that was written.
#[track_caller]
fn written(done: &Done, name: &str) -> (Side, String) {
    let found = done
        .report
        .references
        .iter()
        .find(|reference| reference.name.as_bstr() == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {:?}", done.report));
    (found.to, found.outcome.to_string())
}

/// Runs, and checks that `main` is a conflict and that neither side was touched.
async fn conflicts(scene: &Scene, mirror: Mirror) -> Done {
    let before = both(scene);
    let done = mirror.run().await;
    assert_eq!(done.outcome("refs/heads/main"), CONFLICT, "{:?}", done.report);
    assert_eq!(done.exit(), 3);
    assert_eq!(both(scene), before);
    let pushes = scene.server.requests();
    let pushes = pushes
        .iter()
        .filter(|request| request.is_call(testkit::Service::ReceivePack));
    assert_eq!(pushes.count(), 0);
    done
}

/// Requests below the path of a side.
fn at(side: Side, when: When) -> When {
    when.under(&format!("/{side}.git"))
}

#[tokio::test]
async fn what_each_side_has_alone_is_created_on_the_other() {
    for local in [false, true] {
        let scene = Scene::mirrored();
        scene.source.commit_onto("ours", Some("main"), "ours");
        scene.source.tag_annotated("v1", "main", "first");
        scene.target.commit_onto("theirs", Some("main"), "theirs");
        scene.target.tag_light("v2", "theirs");
        let mirror = if local { scene.local() } else { scene.mirror() };
        let done = mirror.two_way().run().await.ok();
        for (name, to) in [
            ("refs/heads/ours", Side::Target),
            ("refs/tags/v1", Side::Target),
            ("refs/heads/theirs", Side::Source),
            ("refs/tags/v2", Side::Source),
        ] {
            assert_eq!(written(&done, name), (to, "created".to_owned()));
        }
        assert_eq!(scene.source.refs().len(), 5);
        scene.assert_same();
        scene.source.fsck_strict();
    }
}

#[tokio::test]
async fn an_empty_side_is_filled_from_the_other() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::new();
        let mirror = match side {
            Side::Target => scene.mirror(),
            Side::Source => Mirror::new(&scene.server.url("target.git"), &scene.server.url("source.git")),
        };
        let done = mirror.two_way().run().await.ok();
        assert_eq!(written(&done, "refs/heads/main"), (side, "created".to_owned()));
        scene.assert_same();
    }
}

#[tokio::test]
async fn whoever_is_ahead_is_followed() {
    for local in [false, true] {
        let scene = Scene::mirrored();
        scene.source.commit_onto("topic", Some("main"), "topic");
        scene.copy();
        scene.source.commit("main", "of the source");
        scene.target.commit("topic", "of the target");
        scene.target.commit("topic", "of the target, too");
        let mirror = if local { scene.local() } else { scene.mirror() };
        let done = mirror.two_way().run().await.ok();
        let forwarded = "fast-forwarded".to_owned();
        assert_eq!(
            written(&done, "refs/heads/main"),
            (Side::Target, forwarded.clone())
        );
        assert_eq!(written(&done, "refs/heads/topic"), (Side::Source, forwarded));
        scene.assert_same();
        scene.source.fsck_strict();
    }
}

#[tokio::test]
async fn a_second_run_finds_nothing_to_do() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "of the source");
    scene.target.commit_onto("theirs", Some("main"), "theirs");
    scene.mirror().two_way().run().await.ok();
    let done = scene.mirror().two_way().run().await.ok();
    assert!(done.report.references.is_empty(), "{:?}", done.report);
    assert_eq!(done.report.in_sync, 2);
}

#[tokio::test]
async fn a_branch_that_diverged_is_a_conflict_and_the_others_go_on() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "of the source");
    scene.target.commit("main", "of the target");
    conflicts(&scene, scene.mirror().two_way()).await;

    scene.source.commit_onto("ours", Some("main~1"), "ours");
    scene.target.commit_onto("theirs", Some("main~1"), "theirs");
    let main = both(&scene).map(|refs| refs["refs/heads/main"].clone());
    let done = scene.mirror().two_way().run().await;
    assert_eq!(done.outcome("refs/heads/main"), CONFLICT);
    assert_eq!(done.exit(), 3);
    assert_eq!(written(&done, "refs/heads/ours").0, Side::Target);
    assert_eq!(written(&done, "refs/heads/theirs").0, Side::Source);
    let [source, target] = both(&scene);
    assert_eq!(
        [&source["refs/heads/main"], &target["refs/heads/main"]],
        [&main[0], &main[1]]
    );
    for name in ["refs/heads/ours", "refs/heads/theirs"] {
        assert_eq!(source[name], target[name]);
    }
}

#[tokio::test]
async fn histories_that_have_nothing_in_common_are_a_conflict() {
    let scene = Scene::new();
    scene.target.commit("main", "another beginning");
    scene.target.commit("main", "and on");
    conflicts(&scene, scene.mirror().two_way()).await;
}

#[tokio::test]
async fn a_tag_that_differs_is_a_conflict_even_where_one_descends() {
    let scene = Scene::mirrored();
    scene.source.tag_light("v1", "main");
    scene.target.tag_light("v1", "main~1");
    scene.source.tag_annotated("v2", "main", "ours");
    scene.target.tag_annotated("v2", "main", "theirs");
    let before = both(&scene);
    let done = scene.mirror().two_way().run().await;
    assert_eq!(done.outcome("refs/tags/v1"), CONFLICT);
    assert_eq!(done.outcome("refs/tags/v2"), CONFLICT);
    assert_eq!((done.exit(), both(&scene)), (3, before));
}

#[tokio::test]
async fn a_merge_of_both_ends_a_conflict() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "of the source");
    scene.target.commit("main", "of the target");
    conflicts(&scene, scene.mirror().two_way()).await;
    let theirs = scene.target.resolve("main");
    scene
        .source
        .git(&["fetch", "-q", &scene.target.file_url(), "main"]);
    scene.source.merge("main", &theirs, "both");
    let done = scene.mirror().two_way().run().await.ok();
    assert_eq!(
        written(&done, "refs/heads/main"),
        (Side::Target, "fast-forwarded".to_owned())
    );
    scene.assert_same();
}

#[tokio::test]
async fn a_shallow_side_is_refused_on_either_end() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::mirrored();
        let shallow = scene
            .source
            .shallow_clone(scene.folder.path().join("shallow.git"), 1);
        scene.source.commit("main", "four");
        let (shallow, whole) = (shallow.file_url(), scene.source.file_url());
        let mirror = match side {
            Side::Source => Mirror::new(&shallow, &whole),
            Side::Target => Mirror::new(&whole, &shallow),
        };
        let done = mirror.two_way().run().await;
        let error = done.report.error.as_ref().expect("a shallow side is refused");
        assert!(matches!(error.kind, engine::error::Fault::Shallow), "{error}");
        assert_eq!((error.side, done.exit()), (side, 1));
    }
}

#[tokio::test]
async fn a_dry_run_decides_for_both_sides_and_writes_nothing() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "of the source");
    scene.target.commit_onto("theirs", Some("main"), "theirs");
    let before = both(&scene);
    let mirror = scene.mirror().two_way().with(|request| request.dry_run = true);
    let done = mirror.run().await.ok();
    assert_eq!(written(&done, "refs/heads/main").0, Side::Target);
    assert_eq!(written(&done, "refs/heads/theirs").0, Side::Source);
    assert_eq!(both(&scene), before);
}
