//! Listings: what does not end properly is never taken for all there is.

use engine::error::{Fault, Stage};
use engine::report::Outcome;
use engine::side::Side;
use testkit::{Service, Then, When};

use crate::packets::{Packets, listing};
use crate::scene::{Scene, source, source_listing, target_listing};

const CAPABILITIES: &str =
    "report-status delete-refs side-band-64k ofs-delta object-format=sha1 agent=git/2.47";

/// A target whose `main` would be deleted if the source were believed to list nothing.
fn endangered() -> Scene {
    let scene = Scene::mirrored();
    scene.target.tag_light("v1", "main");
    scene
}

/// Runs with everything allowed, and checks that nothing was written because the listing of `side` was no listing.
async fn nothing_is_written(scene: &Scene, side: Side) -> Fault {
    let before = scene.target.refs();
    let old = scene.target.resolve("refs/heads/main");
    let done = scene
        .mirror()
        .references(&["refs/heads/*", "refs/heads/main", "refs/tags/v1"])
        .sync_delete()
        .old("refs/heads/main", &old)
        .run()
        .await;
    assert_eq!(scene.target.refs(), before);
    assert_eq!(scene.pushes().len(), 0, "{:?}", scene.server.requests());
    assert_eq!(done.exit(), 1, "{:?}", done.report);
    let error = done.report.error.expect("the run failed");
    assert_eq!((error.side, error.stage), (side, Stage::Observe), "{error}");
    error.kind
}

#[tokio::test]
async fn a_source_listing_without_its_flush_is_an_error() {
    let scene = endangered();
    let main = scene.source.resolve("refs/heads/main");
    // Whole packets, and the answer ends as an answer should.
    let cut = Packets::new().line(&format!("{main} refs/heads/other"));
    scene
        .server
        .on(source(When::call(Service::UploadPack)), cut.upload_pack_result());
    let fault = nothing_is_written(&scene, Side::Source).await;
    assert!(
        matches!(fault, Fault::Protocol(_) | Fault::HungUp { .. }),
        "{fault}"
    );
}

#[tokio::test]
async fn a_source_listing_that_is_cut_is_an_error() {
    let scene = endangered();
    scene.source.many_refs("refs/heads/many", 50);
    scene
        .server
        .on(source(When::call(Service::UploadPack)), Then::CutAnswer(700));
    let fault = nothing_is_written(&scene, Side::Source).await;
    assert!(matches!(fault, Fault::HungUp { .. }), "{fault}");
}

#[tokio::test]
async fn a_source_listing_of_version_0_without_its_flush_is_an_error() {
    let scene = endangered();
    let main = scene.source.resolve("refs/heads/main");
    let cut = Packets::new()
        .line("# service=git-upload-pack")
        .flush()
        .line(&format!("{main} refs/heads/other\0side-band-64k"));
    let rule = cut.upload_pack_advertisement();
    scene.server.on(source_listing(), Then::Version0);
    scene
        .server
        .on(source(When::discovery(Service::UploadPack)), rule);
    let fault = nothing_is_written(&scene, Side::Source).await;
    assert!(
        matches!(fault, Fault::Protocol(_) | Fault::HungUp { .. }),
        "{fault}"
    );
}

#[tokio::test]
async fn a_target_listing_without_its_flush_is_an_error() {
    let scene = endangered();
    // Believed, it would look as if `main` were to be created.
    let cut = Packets::new().line("# service=git-receive-pack").flush().raw(
        &listing(
            [("refs/tags/v1", scene.target.resolve("refs/tags/v1").as_str())],
            CAPABILITIES,
        )
        .bytes(),
    );
    scene
        .server
        .on(target_listing(), cut.receive_pack_advertisement());
    let fault = nothing_is_written(&scene, Side::Target).await;
    assert!(
        matches!(fault, Fault::Protocol(_) | Fault::HungUp { .. }),
        "{fault}"
    );
}

#[tokio::test]
async fn an_optimistic_question_that_gets_no_byte_is_asked_properly() {
    let scene = Scene::new();
    scene
        .server
        .once(source(When::call(Service::UploadPack)), Then::NoByte);
    scene.mirror().run().await.ok();
    scene.assert_same();
}

#[tokio::test]
async fn a_server_of_version_0_answers_the_optimistic_question_with_no_byte() {
    let scene = Scene::new();
    scene.server.on(source_listing(), Then::Version0);
    scene.mirror().run().await.ok();
    scene.assert_same();
}

#[tokio::test]
async fn a_server_that_never_answers_with_a_byte_is_an_error_and_not_empty() {
    let scene = endangered();
    scene.server.on(source_listing(), Then::NoByte);
    let fault = nothing_is_written(&scene, Side::Source).await;
    assert!(matches!(fault, Fault::HungUp { .. }), "{fault}");
}

#[tokio::test]
async fn a_target_that_answers_with_no_byte_is_an_error_and_not_empty() {
    let scene = endangered();
    scene.server.on(target_listing(), Then::NoByte);
    let fault = nothing_is_written(&scene, Side::Target).await;
    assert!(matches!(fault, Fault::HungUp { .. }), "{fault}");
}

#[tokio::test]
async fn an_empty_repository_lists_a_flush_and_nothing_else() {
    let scene = endangered();
    let empty = Packets::new().flush();
    scene.server.on(
        source(When::call(Service::UploadPack)),
        empty.upload_pack_result(),
    );
    // What is asked for by name and old value is deleted: the source was heard to the end.
    let old = scene.target.resolve("refs/tags/v1");
    let done = scene
        .mirror()
        .references(&["refs/tags/v1"])
        .old("refs/tags/v1", &old)
        .sync_delete()
        .run()
        .await
        .ok();
    assert_eq!(done.outcome("refs/tags/v1"), Outcome::Deleted);
    assert_eq!(scene.target.get("refs/tags/v1"), None);
}

#[tokio::test]
async fn an_empty_target_is_filled() {
    let scene = Scene::new();
    let empty = listing([], CAPABILITIES).flush();
    let greeting = Packets::new()
        .line("# service=git-receive-pack")
        .flush()
        .raw(&empty.bytes());
    scene
        .server
        .once(target_listing(), greeting.receive_pack_advertisement());
    let done = scene.mirror().run().await.ok();
    assert_eq!(done.outcome("refs/heads/main"), Outcome::Created);
    scene.assert_same();
}

#[tokio::test]
async fn the_line_that_names_the_service_is_optional() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "four");
    let main = scene.target.resolve("refs/heads/main");
    let bare = listing([("refs/heads/main", main.as_str())], CAPABILITIES).flush();
    scene
        .server
        .on(target_listing(), bare.receive_pack_advertisement());
    let upload = Packets::new()
        .line("version 2")
        .line("agent=git/2.47")
        .line("ls-refs=unborn")
        .line("fetch=shallow")
        .line("object-format=sha1")
        .flush();
    scene.server.on(
        source(When::discovery(Service::UploadPack)),
        upload.upload_pack_advertisement(),
    );
    // The optimistic question fails, so that the greeting is read as well.
    scene
        .server
        .once(source(When::call(Service::UploadPack)), Then::NoByte);
    scene.mirror().run().await.ok();
    scene.assert_same();
    let greeted = scene.server.requests();
    assert!(
        greeted
            .iter()
            .any(|request| request.is_discovery(Service::UploadPack))
    );
}

#[tokio::test]
async fn names_that_git_refuses_are_dropped_and_reported() {
    let scene = Scene::new();
    let main = scene.source.resolve("refs/heads/main");
    let source_lists = Packets::new()
        .line(&format!("{main} HEAD symref-target:refs/heads/main"))
        .line(&format!("{main} refs/heads/.hidden"))
        .line(&format!("{main} refs/heads/main"))
        .line(&format!("{main} refs/heads/two..dots"))
        .flush();
    scene.server.once(
        source(When::call(Service::UploadPack)),
        source_lists.upload_pack_result(),
    );
    let target_lists = listing([("refs/heads/a lock.lock", main.as_str())], CAPABILITIES).flush();
    scene
        .server
        .once(target_listing(), target_lists.receive_pack_advertisement());
    let done = scene.mirror().run().await.ok();
    assert_eq!(
        done.report.invalid_names,
        [
            (Side::Source, "refs/heads/.hidden".into()),
            (Side::Source, "refs/heads/two..dots".into()),
            (Side::Target, "refs/heads/a lock.lock".into()),
        ]
    );
    assert_eq!(done.report.references.len(), 1, "{:?}", done.report.references);
    scene.assert_same();
}

#[tokio::test]
async fn a_name_that_is_listed_twice_is_no_listing() {
    let scene = endangered();
    let main = scene.source.resolve("refs/heads/main");
    let old = scene.source.resolve("main~1");
    let doubled = Packets::new()
        .line(&format!("{main} refs/heads/main"))
        .line(&format!("{old} refs/heads/main"))
        .flush();
    scene.server.on(
        source(When::call(Service::UploadPack)),
        doubled.upload_pack_result(),
    );
    let fault = nothing_is_written(&scene, Side::Source).await;
    assert!(fault.to_string().contains("twice"), "{fault}");
}

#[tokio::test]
async fn a_glance_sees_what_a_run_left() {
    for two_way in [false, true] {
        let scene = Scene::mirrored();
        scene.source.commit("main", "on");
        scene.source.commit("new", "another");
        let mirror = || match two_way {
            false => scene.mirror(),
            true => scene.mirror().two_way(),
        };
        let seen = async || engine::glance(&mirror().request).await.unwrap();
        let before = seen().await;
        let left = mirror().run().await.ok().report.digest.unwrap();
        assert_ne!(left, before);
        assert_eq!(left, seen().await);
        scene.target.commit("main", "theirs");
        assert_ne!(left, seen().await);
    }
}
