//! Packs: what is asked of the source depends on what the target can take.

use engine::error::Fault;
use engine::report::Outcome;
use engine::side::Side;
use testkit::{Repo, Request, Service, Then, When};

use crate::packets::listing;
use crate::scene::{Scene, source, target, target_listing, text};

/// The only fetch that asks for new values, as text.
fn fetch(scene: &Scene) -> String {
    let fetches = scene.fetches();
    assert_eq!(fetches.len(), 1, "{fetches:?}");
    text(&fetches[0])
}

fn asks_for(fetch: &str, feature: &str) -> bool {
    fetch.split('\n').any(|line| line.ends_with(feature))
}

/// How many objects the pack of a push holds, if it has one.
fn objects(push: &Request) -> Option<u32> {
    let at = push.body.windows(4).position(|window| window == b"PACK")?;
    let count = push.body.get(at + 8..at + 12)?;
    Some(u32::from_be_bytes(count.try_into().unwrap()))
}

/// One commit ahead of the target.
fn ahead() -> Scene {
    let scene = Scene::mirrored();
    scene.source.commit("main", "four");
    scene
}

#[tokio::test]
async fn thin_packs_and_offset_deltas_are_asked_for_where_the_target_takes_them() {
    let scene = ahead();
    scene.mirror().run().await.ok();
    let fetch = fetch(&scene);
    assert!(asks_for(&fetch, "thin-pack"), "{fetch}");
    assert!(asks_for(&fetch, "ofs-delta"), "{fetch}");
}

#[tokio::test]
async fn offset_deltas_are_not_asked_for_where_the_target_does_not_offer_them() {
    let scene = ahead();
    let setting = Then::Setting("repack.usedeltabaseoffset", "false".into());
    scene
        .server
        .on(target(When::service(Service::ReceivePack)), setting);
    scene.mirror().run().await.ok();
    let fetch = fetch(&scene);
    assert!(asks_for(&fetch, "thin-pack"), "{fetch}");
    assert!(!asks_for(&fetch, "ofs-delta"), "{fetch}");
    scene.assert_same();
}

#[tokio::test]
async fn thin_packs_are_not_asked_for_where_the_target_says_no_thin() {
    let scene = ahead();
    let main = scene.target.resolve("main");
    let offered = "report-status delete-refs side-band-64k ofs-delta no-thin object-format=sha1";
    let greeting = listing([("refs/heads/main", main.as_str())], offered).flush();
    scene
        .server
        .on(target_listing(), greeting.receive_pack_advertisement());
    scene.mirror().run().await.ok();
    let fetch = fetch(&scene);
    assert!(!asks_for(&fetch, "thin-pack"), "{fetch}");
    assert!(asks_for(&fetch, "ofs-delta"), "{fetch}");
    scene.assert_same();
}

#[tokio::test]
async fn version_0_sources_are_asked_for_no_more_than_the_target_takes() {
    let scene = ahead();
    scene
        .server
        .on(source(When::service(Service::UploadPack)), Then::Version0);
    let setting = Then::Setting("repack.usedeltabaseoffset", "false".into());
    scene
        .server
        .on(target(When::service(Service::ReceivePack)), setting);
    scene.mirror().run().await.ok();
    // The lineage is asked for in a fetch of its own; what is pushed was asked for last.
    let last = text(scene.fetches().last().unwrap());
    assert!(
        last.contains(" thin-pack") && !last.contains("ofs-delta"),
        "{last}"
    );
    scene.assert_same();
}

#[tokio::test]
async fn a_shallow_target_is_written_and_stays_whole() {
    let scene = Scene::new();
    let kept: String = (0..2_000)
        .map(|line| format!("{line} of a long file\n"))
        .collect();
    scene.source.commit_with_file("main", "kept", kept.as_bytes());
    scene.source.commit_with_file("main", "kept", b"nothing of it");
    scene.source.history("main", 10);
    let folder = scene.folder.path();
    let shallow = scene.source.shallow_clone(folder.join("shallow.git"), 2);
    let cut = std::fs::read_to_string(shallow.git_dir().join("shallow")).unwrap();
    // A file as it was before the cut: without the cut being known, the source would think that the target has it.
    scene.source.commit_with_file("main", "kept", kept.as_bytes());
    let before = scene.source.resolve("main~12");
    scene
        .source
        .commit_onto("topic", Some(&before), "from before the cut");
    crate::mirror::Mirror::new(&scene.server.url("source.git"), &scene.server.url("shallow.git"))
        .run()
        .await
        .ok();
    assert_eq!(shallow.refs(), scene.source.refs());
    shallow.fsck_strict();
    let told = text(&scene.fetches()[0]);
    for id in cut.lines() {
        assert!(told.contains(&format!("shallow {id}")), "{told}");
    }
}

#[tokio::test]
async fn a_shallow_source_is_refused() {
    let scene = Scene::new();
    scene.source.history("main", 20);
    let folder = scene.folder.path();
    scene.source.shallow_clone(folder.join("shallow.git"), 2);
    let mirror =
        || crate::mirror::Mirror::new(&scene.server.url("shallow.git"), &scene.server.url("target.git"));
    for version_0 in [false, true] {
        if version_0 {
            scene
                .server
                .on(When::service(Service::UploadPack), Then::Version0);
        }
        let done = mirror().run().await;
        let error = done.report.error.as_ref().expect("it is refused");
        assert!(matches!(error.kind, Fault::Shallow), "{error}");
        assert_eq!((error.side, done.exit()), (Side::Source, 1));
        assert!(scene.target.refs().is_empty());
        assert!(scene.pushes().is_empty(), "version 0: {version_0}");
    }
}

#[tokio::test]
async fn a_move_to_what_the_target_has_sends_the_empty_pack() {
    let scene = Scene::mirrored();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    let old = scene.source.resolve("topic");
    let main = scene.source.resolve("main");
    scene.source.set_ref("refs/heads/topic", &main);
    scene.source.set_ref("refs/heads/another", &main);
    scene.mirror().old("refs/heads/topic", &old).run().await.ok();
    scene.assert_same();
    let pushes = scene.pushes();
    assert_eq!(pushes.iter().map(objects).collect::<Vec<_>>(), [Some(0)]);
    let asked_for = scene
        .fetches()
        .iter()
        .filter(|fetch| fetch.body_contains(b"thin-pack"))
        .count();
    assert_eq!(asked_for, 0, "nothing is fetched to be pushed");
}

#[tokio::test]
async fn deletions_alone_send_no_pack() {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    let old = scene.source.resolve("topic");
    scene.source.delete_ref("refs/heads/topic");
    let done = scene
        .mirror()
        .old("refs/heads/topic", &old)
        .sync_delete()
        .run()
        .await
        .ok();
    assert_eq!(done.outcome("refs/heads/topic"), Outcome::Deleted);
    let pushes = scene.pushes();
    assert_eq!(pushes.iter().map(objects).collect::<Vec<_>>(), [None]);
    scene.assert_same();
}

#[tokio::test]
async fn tags_on_trees_blobs_and_tags_are_mirrored() {
    let scene = Scene::new();
    let tree = scene.source.tree_of("main");
    let blob = scene.source.blob(b"a key");
    scene.source.tag_light("tree", &tree);
    scene.source.tag_light("blob", &blob);
    scene.source.tag_annotated("annotated-tree", &tree, "a tree");
    let tag = scene.source.tag_annotated("v1", "main", "first");
    scene.source.tag_annotated("tag-of-a-tag", &tag, "again");
    for mirror in [scene.mirror(), scene.local()] {
        mirror.run().await.ok();
        scene.assert_same();
    }
    // They move by a hint as well, from any type to any other.
    for (name, to) in [("refs/tags/tree", &blob), ("refs/tags/v1", &tree)] {
        let old = scene.source.resolve(name);
        scene.source.set_ref(name, to);
        scene.mirror().old(name, &old).run().await.ok();
    }
    scene.assert_same();
}

#[tokio::test]
async fn nothing_but_the_asked_for_history_is_sent() {
    let scene = Scene::new();
    scene.source.commit_onto("other", None, "another history");
    let done = scene.mirror().references(&["refs/heads/main"]).run().await.ok();
    assert_eq!(done.report.references.len(), 1);
    assert!(!scene.target.has(&scene.source.resolve("other")));
    assert_eq!(scene.target.refs().len(), 1);
    let whole = Repo::open(scene.target.path());
    whole.fsck_strict();
}
