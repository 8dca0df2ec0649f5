//! Each side is seen once, through its receive-pack: the verdict and the lease come from the same look.

use engine::side::Side;
use testkit::{Answer, Request, Service, Then, When};

use super::{at, both, written};
use crate::scene::Scene;

/// The requests to a side that list its references.
fn looks(scene: &Scene, side: Side) -> Vec<Request> {
    let mut requests = scene.server.requests();
    requests.retain(|request| {
        let lists = request.is_discovery(Service::ReceivePack) || request.body_contains(b"command=ls-refs");
        request.path.starts_with(&format!("/{side}.git")) && lists
    });
    requests
}

#[tokio::test]
async fn each_side_is_listed_once_and_by_its_receive_pack() {
    let scene = Scene::mirrored();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    // Writes in both directions, with questions about lineage on both sides.
    let old = [scene.source.resolve("topic"), scene.source.resolve("main")];
    let topic = scene.source.commit("topic", "of the source");
    let main = scene.target.commit("main", "of the target");
    scene.mirror().two_way().run().await.ok();
    for side in [Side::Source, Side::Target] {
        let looks = looks(&scene, side);
        assert_eq!(looks.len(), 1, "{side}: {looks:?}");
        assert!(looks[0].is_discovery(Service::ReceivePack));
    }
    // What was seen in that look is the lease.
    let pushes = scene.server.requests();
    for (path, command) in [
        ("/target.git", format!("{} {topic} refs/heads/topic", old[0])),
        ("/source.git", format!("{} {main} refs/heads/main", old[1])),
    ] {
        let push = pushes
            .iter()
            .find(|request| request.path.starts_with(path) && request.is_call(Service::ReceivePack))
            .expect("both sides were written");
        assert!(push.body_contains(command.as_bytes()), "{path}: {command}");
    }
}

#[tokio::test]
async fn a_side_that_cannot_be_written_is_found_out_before_anything_is() {
    for side in [Side::Source, Side::Target] {
        let scene = Scene::mirrored();
        scene.source.commit_onto("ours", Some("main"), "ours");
        scene.target.commit_onto("theirs", Some("main"), "theirs");
        let before = both(&scene);
        let reads_only = at(side, When::discovery(Service::ReceivePack));
        scene
            .server
            .on(reads_only, Then::Answer(Answer::status(403).after_body()));
        let done = scene.mirror().two_way().run().await;
        let error = done.report.error.as_ref().expect("one side is read-only");
        assert_eq!((error.side, done.exit()), (side, 1), "{error}");
        assert_eq!(both(&scene), before);
    }
}

#[tokio::test]
async fn a_hook_of_one_side_does_not_stop_the_other_direction() {
    let scene = Scene::mirrored();
    scene.source.commit_onto("ours", Some("main"), "ours");
    scene.target.commit_onto("theirs", Some("main"), "theirs");
    scene.target.hook("pre-receive", "exit 1");
    let done = scene.mirror().two_way().run().await;
    assert_eq!(
        written(&done, "refs/heads/ours"),
        (Side::Target, "pre-receive hook declined".to_owned())
    );
    assert_eq!(
        written(&done, "refs/heads/theirs"),
        (Side::Source, "created".to_owned())
    );
    assert_eq!(done.exit(), 2);
    assert_eq!(
        scene.source.get("refs/heads/theirs"),
        scene.target.get("refs/heads/theirs")
    );
}
