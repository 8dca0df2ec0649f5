//! What is wrong with a repository, or with the stream that it sends.

use engine::error::{Error, Fault, Retry, Stage};
use engine::report::Outcome;
use engine::side::Side;
use testkit::{ObjectFormat, Repo, Service, Then, When};

use super::{Says, assert_fails, variable};
use crate::mirror::Mirror;
use crate::packets::Packets;
use crate::scene::{Scene, source};

#[tokio::test]
async fn an_empty_source_does_not_empty_the_target() {
    let scene = Scene::empty(ObjectFormat::Sha1);
    let main = scene.target.commit("main", "of the target's own");
    for local in [false, true] {
        let mirror = if local { scene.local() } else { scene.mirror() };
        let says = Says {
            side: Side::Source,
            stage: Stage::Observe,
            words: ": the repository is empty: it lists no references (",
            retry: Retry::Never,
            advice: "the credentials may not see it: check SOURCE_TOKEN",
        };
        assert_fails(&mirror.sync_delete().run().await, &says);
        assert_eq!(scene.target.resolve("main"), main);
    }
}

#[tokio::test]
async fn two_empty_repositories_are_in_sync() {
    let scene = Scene::empty(ObjectFormat::Sha1);
    let done = scene.mirror().run().await.ok();
    assert!(done.report.references.is_empty());
}

#[tokio::test]
async fn a_shallow_source() {
    let scene = Scene::new();
    let shallow = scene
        .source
        .shallow_clone(scene.folder.path().join("shallow.git"), 1);
    let target = scene.server.url("target.git");
    for version_0 in [false, true] {
        if version_0 {
            scene
                .server
                .on(When::service(Service::UploadPack), Then::Version0);
        }
        for from in [scene.server.url("shallow.git"), shallow.file_url()] {
            let done = Mirror::new(&from, &target).run().await;
            let stage = done.report.error.as_ref().map(|error| error.stage);
            let says = Says {
                side: Side::Source,
                // Version 2 tells only beside a pack.
                stage: stage.unwrap_or(Stage::Observe),
                words: ": the repository is shallow: its history is cut off, so it cannot be mirrored (",
                retry: Retry::Never,
                advice: "git fetch --unshallow",
            };
            assert_fails(&done, &says);
            assert!(scene.target.refs().is_empty());
            assert_eq!(scene.pushes().len(), 0);
        }
    }
}

#[tokio::test]
async fn object_formats_that_differ() {
    for (from, to) in [
        (ObjectFormat::Sha1, ObjectFormat::Sha256),
        (ObjectFormat::Sha256, ObjectFormat::Sha1),
    ] {
        let scene = Scene::with_format(from);
        let other = Repo::bare_with(scene.folder.path().join("other.git"), to);
        for target in [scene.server.url("other.git"), other.file_url()] {
            for two_way in [false, true] {
                let mirror = Mirror::new(&scene.server.url("source.git"), &target);
                let mirror = if two_way { mirror.two_way() } else { mirror };
                let name = |format| match format {
                    ObjectFormat::Sha1 => "sha1",
                    ObjectFormat::Sha256 => "sha256",
                };
                let says = Says {
                    side: Side::Target,
                    stage: Stage::Observe,
                    words: &format!(
                        ": object formats differ: the source uses {}, the target {} (",
                        name(from),
                        name(to)
                    ),
                    retry: Retry::Never,
                    advice: "make the target anew with the object format of the source",
                };
                assert_fails(&mirror.run().await, &says);
            }
        }
        assert!(other.refs().is_empty());
    }
}

#[tokio::test]
async fn a_path_without_a_repository() {
    let scene = Scene::new();
    let missing = scene.folder.path().join("missing.git");
    let folder = scene.folder.path();
    for path in [missing.as_path(), folder] {
        let path = path.display().to_string();
        for side in [Side::Source, Side::Target] {
            let mirror = match side {
                Side::Source => Mirror::new(&path, &scene.target.file_url()),
                Side::Target => Mirror::new(&scene.source.file_url(), &path),
            };
            let says = Says {
                side,
                stage: Stage::Observe,
                words: ": repository not found: ",
                retry: Retry::Never,
                advice: variable(side),
            };
            assert_fails(&mirror.run().await, &says);
        }
    }
}

#[tokio::test]
async fn a_pack_that_is_cut() {
    let scene = Scene::new();
    scene.source.big_blob("main", "blob", 1 << 20);
    let calls = source(When::call(Service::UploadPack));
    // The listing is shorter than that.
    scene.server.on(calls, Then::CutAnswer(500_000));
    let done = scene.mirror().run().await;
    let says = Says {
        side: Side::Source,
        stage: Stage::Relay,
        words: ": the pack was cut off after ",
        retry: Retry::Later,
        advice: "run again; what was not confirmed was not written",
    };
    assert_fails(&done, &says);
    let Some(Error {
        kind: Fault::PackCut { bytes },
        ..
    }) = done.report.error
    else {
        panic!("{:?}", done.report)
    };
    assert!((1..500_000).contains(&bytes), "{bytes}");
    scene.server.wait_idle();
    assert!(scene.target.refs().is_empty());

    scene.server.clear_rules();
    scene.mirror().run().await.ok();
    scene.assert_same();
}

#[tokio::test]
async fn a_server_that_ends_the_exchange_with_a_message() {
    let scene = Scene::new();
    let error = Packets::new().line("ERR being \u{1b}[1mmoved\u{7}");
    let calls = source(When::call(Service::UploadPack));
    let discovery = source(When::discovery(Service::UploadPack));
    scene.server.on(calls, error.clone().upload_pack_result());
    scene.server.on(discovery, error.upload_pack_advertisement());
    let says = Says {
        side: Side::Source,
        stage: Stage::Observe,
        words: ": the server says: being [1mmoved (",
        retry: Retry::Later,
        advice: "",
    };
    assert_fails(&scene.mirror().run().await, &says);
}

#[tokio::test]
async fn what_is_no_packet_line_is_no_git() {
    let scene = Scene::new();
    let calls = source(When::call(Service::UploadPack));
    let discovery = source(When::discovery(Service::UploadPack));
    let page = Packets::new().raw(b"<html>Please sign in</html>");
    scene.server.on(calls, page.clone().upload_pack_result());
    scene.server.on(discovery, page.upload_pack_advertisement());
    let says = Says {
        side: Side::Source,
        stage: Stage::Observe,
        words: ": this is not a Git repository: ",
        retry: Retry::Never,
        advice: "the address that `git clone` takes",
    };
    assert_fails(&scene.mirror().run().await, &says);
}

#[tokio::test]
async fn names_that_git_refuses_are_reported_and_the_others_mirrored() {
    let scene = Scene::mirrored();
    let main = scene.source.commit("main", "four");
    let listing = Packets::new()
        .line(&format!("{main} refs/heads/..evil"))
        .line(&format!("{main} refs/heads/main"))
        .flush();
    let calls = source(When::call(Service::UploadPack));
    scene.server.once(calls, listing.upload_pack_result());
    let done = scene.mirror().run().await.ok();
    assert_eq!(
        done.report.invalid_names,
        [(Side::Source, "refs/heads/..evil".into())]
    );
    assert_eq!(done.outcome("refs/heads/main").to_string(), "fast-forwarded");
    scene.assert_same();
}

#[tokio::test]
async fn the_rest_of_a_run_that_failed_is_not_written() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "four");
    let before = scene.target.refs();
    scene.server.on(crate::scene::push(), Then::HangUp);
    let done = scene.mirror().run().await;
    let says = Says {
        side: Side::Target,
        stage: Stage::Report,
        words: ": the remote hung up",
        retry: Retry::Later,
        advice: "run again",
    };
    assert_fails(&done, &says);
    assert_eq!(done.outcome("refs/heads/main"), Outcome::NotWritten);
    assert_eq!(scene.target.refs(), before);
}
