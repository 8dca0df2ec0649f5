//! Symbolic references on the target: who deletes one deletes what it stands for.

use engine::decide::Refusal;
use engine::report::Outcome;
use testkit::{Service, Sshd, Then, When};

use crate::apart;
use crate::mirror::Mirror;
use crate::scene::{Scene, target};

const ALIAS: &str = "refs/heads/alias";

/// On the target, `alias` stands for `trunk`; on the source, it is a branch of its own until it is deleted.
fn aliased() -> Scene {
    let scene = Scene::new();
    scene.source.commit_onto("trunk", Some("main"), "trunk");
    scene.copy();
    scene.target.symbolic_ref(ALIAS, "refs/heads/trunk");
    scene
}

/// The deletion of `alias`, with its old value told.
fn deletion(scene: &Scene, mirror: Mirror) -> Mirror {
    let old = scene.target.resolve(ALIAS);
    mirror.references(&[ALIAS]).old(ALIAS, &old).sync_delete()
}

#[tokio::test]
async fn a_symbolic_reference_is_not_deleted() {
    let scene = aliased();
    let before = scene.target.refs();
    for mirror in [scene.mirror(), scene.local()] {
        let done = deletion(&scene, mirror).run().await;
        assert_eq!(done.outcome(ALIAS), Outcome::Refused(Refusal::Symbolic));
        assert_eq!(done.exit(), 1);
        assert_eq!(scene.target.refs(), before);
    }
    assert_eq!(scene.pushes().len(), 0);
}

#[tokio::test]
async fn a_symbolic_reference_is_not_moved() {
    let scene = aliased();
    let trunk = scene.target.resolve("refs/heads/trunk");
    scene.source.commit_onto("alias", Some("trunk"), "ahead of trunk");
    for mirror in [scene.mirror(), scene.local()] {
        let done = mirror.run().await;
        assert_eq!(done.outcome(ALIAS), Outcome::Refused(Refusal::Symbolic));
        assert_eq!(done.exit(), 2);
        assert_eq!(scene.target.resolve("refs/heads/trunk"), trunk);
    }
    // The others go through beside it.
    scene.source.commit("main", "four");
    let done = scene.mirror().run().await;
    assert_eq!(done.outcome("refs/heads/main").to_string(), "fast-forwarded");
}

#[tokio::test]
async fn a_server_that_cannot_tell_is_not_trusted_with_a_deletion() {
    let scene = aliased();
    let before = scene.target.refs();
    scene
        .server
        .on(target(When::service(Service::UploadPack)), Then::Version0);
    let done = deletion(&scene, scene.mirror()).run().await;
    assert_eq!(done.outcome(ALIAS), Outcome::Refused(Refusal::MaybeSymbolic));
    assert_eq!(scene.target.refs(), before);
}

#[tokio::test]
async fn a_branch_that_only_has_the_value_of_another_is_deleted() {
    let scene = aliased();
    let trunk = scene.target.resolve("refs/heads/trunk");
    scene.target.delete_ref(ALIAS);
    scene.target.set_ref(ALIAS, &trunk);
    let done = deletion(&scene, scene.mirror()).run().await.ok();
    assert_eq!(done.outcome(ALIAS), Outcome::Deleted);
    assert_eq!(scene.target.get("refs/heads/trunk"), Some(trunk));
    scene.assert_same();
}

#[tokio::test]
async fn a_fast_forward_of_a_value_without_another_name_asks_nobody() {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    scene.source.commit("topic", "more");
    scene.mirror().run().await.ok();
    scene.assert_same();
    assert!(!asked_what_is_symbolic(&scene), "{:?}", scene.server.requests());
}

#[tokio::test]
async fn before_a_write_that_loses_commits_the_target_is_asked_in_any_case() {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    let old = scene.target.resolve("topic");
    scene.source.delete_ref("refs/heads/topic");
    let mirror = scene
        .mirror()
        .references(&["refs/heads/topic"])
        .old("refs/heads/topic", &old);
    let done = mirror.sync_delete().run().await.ok();
    assert_eq!(done.outcome("refs/heads/topic"), Outcome::Deleted);
    assert!(asked_what_is_symbolic(&scene), "{:?}", scene.server.requests());
}

#[tokio::test]
async fn a_symbolic_reference_to_a_hidden_branch_is_not_deleted() {
    let scene = aliased();
    let trunk = scene.target.resolve("refs/heads/trunk");
    scene.target.config("receive.hideRefs", "refs/heads/trunk");
    let done = deletion(&scene, scene.mirror()).run().await;
    assert_eq!(done.outcome(ALIAS), Outcome::Refused(Refusal::Symbolic));
    assert_eq!(scene.target.get("refs/heads/trunk"), Some(trunk));
}

fn asked_what_is_symbolic(scene: &Scene) -> bool {
    let requests = scene.server.requests();
    requests
        .iter()
        .any(|request| request.path.starts_with("/target.git") && request.is_call(Service::UploadPack))
}

#[tokio::test]
async fn a_symbolic_reference_of_the_source_is_mirrored_as_its_value() {
    let scene = Scene::new();
    scene.source.symbolic_ref(ALIAS, "refs/heads/main");
    scene.mirror().run().await.ok();
    assert_eq!(scene.target.get(ALIAS), scene.source.get("refs/heads/main"));
    scene.assert_same();
}

#[test]
fn over_ssh_a_server_that_keeps_version_2_from_git_is_asked_through_its_shell() {
    apart::test(
        "symbolic::over_ssh_a_server_that_keeps_version_2_from_git_is_asked_through_its_shell",
        |apart| {
            let scene = aliased();
            let sshd = Sshd::start_version_0();
            let before = scene.target.refs();
            let done = apart.run(
                &scene.source.file_url(),
                &sshd.url(scene.target.path()),
                [
                    ("GIT_SSH_COMMAND", sshd.ssh_command().as_str()),
                    (apart::DELETE, ALIAS),
                ],
            );
            assert_eq!(done.references[ALIAS], Refusal::Symbolic.to_string());
            assert_eq!(scene.target.refs(), before);
        },
    );
}
