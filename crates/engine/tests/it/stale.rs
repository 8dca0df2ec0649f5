//! Stale reads: what a host lists for a moment is not written where something would be lost.

use engine::decide::{Force, Refusal};
use engine::report::Outcome;
use testkit::{Service, When};

use crate::packets::Packets;
use crate::scene::{Scene, source};

const TOPIC: &str = "refs/heads/topic";

/// `topic` has the same value on both sides, one commit ahead of `main`.
fn with_topic() -> Scene {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    scene
}

/// Has the source list these references once, for a moment.
fn list_once(scene: &Scene, references: &[(&str, &str)]) {
    let listing = references
        .iter()
        .fold(Packets::new(), |packets, (name, id)| {
            packets.line(&format!("{id} {name}"))
        })
        .flush();
    scene.server.once(
        source(When::call(Service::UploadPack)),
        listing.upload_pack_result(),
    );
}

#[tokio::test]
async fn a_reference_that_vanishes_for_a_moment_is_not_deleted() {
    let scene = with_topic();
    let main = scene.source.resolve("main");
    list_once(&scene, &[("refs/heads/main", &main)]);
    let done = scene.mirror().references(&[TOPIC]).sync_delete().run().await;
    assert_eq!(done.outcome(TOPIC), Outcome::Refused(Refusal::Unsteady));
    assert_eq!((done.exit(), scene.pushes().len()), (3, 0));
    scene.assert_same();
}

#[tokio::test]
async fn a_reference_that_is_gone_twice_is_deleted() {
    let scene = with_topic();
    scene.source.delete_ref(TOPIC);
    let done = scene.mirror().references(&[TOPIC]).sync_delete().run().await.ok();
    assert_eq!(done.outcome(TOPIC), Outcome::Deleted);
    scene.assert_same();
}

#[tokio::test]
async fn an_old_value_that_is_listed_for_a_moment_rewinds_nothing() {
    let scene = with_topic();
    let old = scene.source.resolve("topic~1");
    let main = scene.source.resolve("main");
    list_once(&scene, &[("refs/heads/main", &main), (TOPIC, &old)]);
    let done = scene
        .mirror()
        .references(&[TOPIC])
        .force(Force::Always)
        .run()
        .await;
    assert_eq!(done.outcome(TOPIC), Outcome::Refused(Refusal::Unsteady));
    assert_eq!((done.exit(), scene.pushes().len()), (3, 0));
    scene.assert_same();
}

#[tokio::test]
async fn a_rewind_that_is_listed_twice_is_written() {
    let scene = with_topic();
    let old = scene.source.resolve("topic~1");
    scene.source.set_ref(TOPIC, &old);
    scene
        .mirror()
        .references(&[TOPIC])
        .force(Force::Always)
        .run()
        .await
        .ok();
    scene.assert_same();
}

#[tokio::test]
async fn the_base_alone_does_not_announce_a_rewind_or_a_deletion() {
    for present in [true, false] {
        let scene = with_topic();
        let base = gitwire::parse_oid(scene.source.resolve("topic").as_bytes()).unwrap();
        let (main, old) = (scene.source.resolve("main"), scene.source.resolve("topic~2"));
        let mut listed = vec![("refs/heads/main", main.as_str())];
        if present {
            listed.push((TOPIC, old.as_str()));
        }
        list_once(&scene, &listed);
        let name = gitwire::RefName::new(TOPIC).unwrap();
        let mirror = scene.mirror().sync_delete().with(|request| {
            request
                .bases
                .insert(name, engine::decide::Base::Agreed(Some(base)));
        });
        let done = mirror.run().await;
        assert_eq!(done.outcome(TOPIC), Outcome::Refused(Refusal::Unsteady));
        scene.assert_same();
    }
}

#[tokio::test]
async fn what_somebody_announced_is_written_at_once() {
    let scene = with_topic();
    let old = scene.source.resolve("topic");
    scene.source.delete_ref(TOPIC);
    let mirror = scene.mirror().references(&[TOPIC]).old(TOPIC, &old).sync_delete();
    mirror.run().await.ok();
    scene.assert_same();
    let listings = scene.server.requests();
    let listings = listings.iter().filter(|request| {
        request.path.starts_with("/source.git") && request.body_contains(b"command=ls-refs")
    });
    assert_eq!(listings.count(), 1);
}

#[tokio::test]
async fn a_fast_forward_is_written_at_once() {
    let scene = with_topic();
    scene.source.commit("topic", "more");
    scene.mirror().run().await.ok();
    let listings = scene.server.requests();
    let listings = listings.iter().filter(|request| {
        request.path.starts_with("/source.git") && request.body_contains(b"command=ls-refs")
    });
    assert_eq!(listings.count(), 1);
    scene.assert_same();
}
