//! A source that dies leaves the target with an incomplete pack, never with one that happens to be whole.

use std::time::Duration;

use engine::error::{Fault, Stage};
use engine::report::Outcome;
use engine::side::Side;
use testkit::{Act, Direction, FaultProxy, Gate, GitDaemon, Point, Repo};

use crate::mirror::{Mirror, until};
use crate::scene::Scene;

/// The packet with the last byte of the pack that the source sends to an empty target. An upload-pack, too, holds that byte back
/// until the pack has ended well.
async fn last_packet(scene: &Scene, from: &str) -> Vec<u8> {
    scene.source.config("pack.threads", "1");
    let rehearsal = Repo::bare(scene.folder.path().join("rehearsal.git"));
    rehearsal.config("receive.unpackLimit", "1");
    Mirror::new(from, &rehearsal.file_url()).run().await.ok();
    let packs = std::fs::read_dir(rehearsal.git_dir().join("objects/pack")).unwrap();
    let pack = packs
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "pack"))
        .expect("the target keeps the pack as it came");
    let bytes = std::fs::read(pack).unwrap();
    [b"0006\x01", &bytes[bytes.len() - 1..]].concat()
}

/// The source falls silent at a point of the stream and then dies; what the target has afterwards.
async fn dies(size: u64, point: impl Fn(Vec<u8>) -> Point) {
    let scene = Scene::new();
    scene.source.big_blob("main", "large", size);
    let daemon = GitDaemon::start(scene.folder.path());
    let proxy = FaultProxy::start(daemon.address());
    let from = proxy.through(&daemon.url("source.git"));
    let point = point(last_packet(&scene, &from).await);
    let commit = scene.source.resolve("main");
    for to in [scene.target.file_url(), scene.server.url("target.git")] {
        let silent = Gate::new();
        proxy.add(testkit::Fault::new(point.clone(), Act::Hold(silent.clone())));
        proxy.add(testkit::Fault::new(point.clone(), Act::Close));
        let run = tokio::spawn(Mirror::new(&from, &to).run());
        silent.arrival().await;
        // What must not happen can only be waited for in vain.
        let whole = until("a whole pack", || scene.target.has(&commit));
        assert!(
            tokio::time::timeout(Duration::from_millis(200), whole)
                .await
                .is_err()
        );
        silent.open();
        let done = run.await.unwrap();
        let error = done.report.error.as_ref().expect("the source is dead");
        assert!(
            matches!(error.kind, Fault::PackCut { .. } | Fault::HungUp { .. }),
            "{error}"
        );
        assert_eq!(
            (error.side, error.stage, done.exit()),
            (Side::Source, Stage::Relay, 1)
        );
        assert_eq!(done.outcome("refs/heads/main"), Outcome::NotWritten);
        scene.server.wait_idle();
        assert!(scene.target.refs().is_empty());
        assert!(!scene.target.has(&commit), "the target did not get a whole pack");
        scene.target.fsck_strict();
        proxy.heal();
    }
    Mirror::new(&from, &scene.target.file_url()).run().await.ok();
    scene.assert_same();
}

#[tokio::test]
async fn a_source_that_dies_between_its_pack_and_its_flush_gives_no_whole_pack() {
    // Sent in one piece over HTTP, and streamed.
    for size in [1_000, 3 << 19] {
        dies(size, |last_packet| Point::seen(Direction::ToClient, last_packet)).await;
    }
}

#[tokio::test]
async fn a_source_that_dies_in_the_pack_gives_no_whole_pack() {
    dies(1_000, |_| Point::seen(Direction::ToClient, *b"PACK")).await;
}
