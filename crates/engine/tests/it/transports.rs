//! The same mirror over every way to a repository.

use std::path::Path;

use testkit::{
    Apache, GitDaemon, HttpServer, JgitDaemon, ObjectFormat, Repo, Service, Sshd, Then, When, tmp,
};

use crate::apart::{self, Apart};
use crate::mirror::Mirror;
use crate::scene::Scene;

/// What repositories have.
fn fill(source: &Repo) {
    source.history("main", 50);
    source.commit_onto("topic/a", Some("main"), "a topic");
    source.tag_light("v1", "main~3");
    source.tag_annotated("v2", "main", "second");
    let blob = source.blob(b"a key");
    source.tag_light("a-blob", &blob);
}

fn scene(format: ObjectFormat) -> Scene {
    let scene = Scene::empty(format);
    fill(&scene.source);
    scene
}

/// A first mirror, a fast-forward, a rewrite that is refused and then told, a deletion, and nothing to do.
async fn mirrors(scene: &Scene, make: impl Fn() -> Mirror) {
    let Scene { source, target, .. } = scene;
    make().run().await.ok();
    scene.assert_same();

    source.commit("main", "one more");
    let done = make().run().await.ok();
    assert_eq!(done.outcome("refs/heads/main").to_string(), "fast-forwarded");
    scene.assert_same();

    let old = source.resolve("topic/a");
    source.commit_onto("topic/a", Some("main~2"), "rewritten");
    let done = make().run().await;
    assert_eq!(
        done.outcome("refs/heads/topic/a").to_string(),
        "not a fast-forward"
    );
    assert_eq!(done.exit(), 2);
    make().old("refs/heads/topic/a", &old).run().await.ok();
    scene.assert_same();

    let old = source.resolve("refs/tags/v1");
    source.delete_ref("refs/tags/v1");
    make().old("refs/tags/v1", &old).sync_delete().run().await.ok();
    assert_eq!(target.get("refs/tags/v1"), None);

    let done = make().run().await.ok();
    assert!(
        done.report.references.is_empty(),
        "nothing differs: {:?}",
        done.report
    );
    assert_eq!(done.report.in_sync, source.refs().len() as u64);
    scene.assert_same();
}

#[tokio::test]
async fn paths_of_this_machine() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let scene = scene(format);
        mirrors(&scene, || scene.local()).await;
    }
}

#[tokio::test]
async fn a_repository_with_a_working_tree() {
    let scene = Scene::new();
    let source = Repo::with_worktree(scene.folder.path().join("work"));
    source.commit("main", "one");
    Mirror::local(&source, &scene.target).run().await.ok();
    assert_eq!(scene.target.refs(), source.refs());
}

#[tokio::test]
async fn http() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let scene = scene(format);
        mirrors(&scene, || scene.mirror()).await;
    }
}

#[tokio::test]
async fn http_of_version_0() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let scene = scene(format);
        scene
            .server
            .on(When::service(Service::UploadPack), Then::Version0);
        mirrors(&scene, || scene.mirror()).await;
    }
}

async fn mirrors_over_https(scene: &Scene, tls: &HttpServer, version: u8) {
    let (from, to) = (tls.url("source.git"), tls.url("target.git"));
    mirrors(scene, || Mirror::new(&from, &to).ca(&tls.ca_pem_path())).await;
    let versions: Vec<u8> = tls.requests().iter().map(|request| request.http).collect();
    assert!(versions.iter().all(|used| *used == version), "{versions:?}");
}

#[tokio::test]
async fn https_with_http2() {
    let scene = scene(ObjectFormat::Sha1);
    mirrors_over_https(&scene, &HttpServer::start_tls(scene.folder.path()), 2).await;
}

#[tokio::test]
async fn https_with_http1() {
    let scene = scene(ObjectFormat::Sha1);
    mirrors_over_https(&scene, &HttpServer::start_tls_http1(scene.folder.path()), 1).await;
}

#[tokio::test]
async fn apache_as_debian_configures_it() {
    let scene = scene(ObjectFormat::Sha1);
    let apache = Apache::start(scene.folder.path());
    let (from, to) = (apache.url("source.git"), apache.url("target.git"));
    mirrors(&scene, || Mirror::new(&from, &to)).await;
    assert!(
        !apache.access_log().contains("info/refs?service=git-upload-pack"),
        "asked optimistically"
    );
}

#[tokio::test]
async fn apache_that_keeps_version_2_from_git() {
    let scene = scene(ObjectFormat::Sha1);
    let apache = Apache::builder(scene.folder.path()).version_0().start();
    let (from, to) = (apache.url("source.git"), apache.url("target.git"));
    mirrors(&scene, || Mirror::new(&from, &to)).await;
    assert!(apache.access_log().contains("info/refs?service=git-upload-pack"));
}

#[tokio::test]
async fn git_daemon() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let scene = scene(format);
        let daemon = GitDaemon::start_writable(scene.folder.path());
        let (from, to) = (daemon.url("source.git"), daemon.url("target.git"));
        mirrors(&scene, || Mirror::new(&from, &to)).await;
    }
}

#[tokio::test]
async fn jgit_as_the_source() {
    // One Java machine for both: it takes a second to start.
    let (plain, far) = (scene(ObjectFormat::Sha1), scene(ObjectFormat::Sha1));
    let root = tmp();
    for (name, scene) in [("plain.git", &plain), ("far.git", &far)] {
        std::os::unix::fs::symlink(scene.source.path(), root.path().join(name)).unwrap();
    }
    let jgit = JgitDaemon::start(root.path());
    let from = jgit.url("plain.git");
    mirrors(&plain, || Mirror::new(&from, &plain.target.file_url())).await;
    lineage_over_any_distance(&far, &jgit.url("far.git")).await;
}

/// Version 0 has no short way to ask for lineage.
async fn lineage_over_any_distance(scene: &Scene, from: &str) {
    scene.copy();
    // Far ahead, over a merge, and beside.
    scene.source.history("main", 400);
    scene.source.commit("topic/a", "ahead");
    scene.source.merge("topic/a", "main", "merged");
    scene.source.commit_onto("beside", Some("main~300"), "beside");
    let beside = scene.source.resolve("main~350");
    scene.target.git(&[
        "fetch",
        "-q",
        &scene.source.file_url(),
        &format!("{beside}:refs/heads/beside"),
    ]);
    scene.target.commit("beside", "of the target's own");
    let done = Mirror::new(from, &scene.target.file_url()).run().await;
    for name in ["refs/heads/main", "refs/heads/topic/a"] {
        assert_eq!(done.outcome(name).to_string(), "fast-forwarded", "{name}");
        assert_eq!(scene.target.get(name), scene.source.get(name));
    }
    assert_eq!(
        done.outcome("refs/heads/beside").to_string(),
        "not a fast-forward"
    );
    assert_eq!(done.exit(), 2);
    scene.target.fsck_strict();
}

/// A first mirror, an update, and nothing to do, each in a process that finds the server's key.
fn mirrors_over_ssh(apart: &Apart, sshd: &Sshd) {
    let folder = tmp();
    let source = Repo::bare(folder.path().join("source.git"));
    let target = Repo::bare(folder.path().join("the target's.git"));
    fill(&source);
    let command = [("GIT_SSH_COMMAND", sshd.ssh_command())];
    // As git does, what is escaped in an address is not in the path.
    let url = |path: &Path| sshd.url(path).replace(' ', "%20");
    let run = || {
        apart
            .run(&url(source.path()), &url(target.path()), command.clone())
            .ok()
    };
    let check = || {
        assert_eq!(target.refs(), source.refs());
        target.fsck_strict();
    };
    run();
    check();
    assert_eq!(
        sshd.connections(),
        1,
        "one connection carries all sessions:\n{}",
        sshd.log()
    );
    assert!(sshd.sessions() >= 2, "{}", sshd.log());
    source.commit("main", "one more");
    assert_eq!(run().references["refs/heads/main"], "fast-forwarded");
    check();
    assert_eq!(run().references.len(), 0);
    assert_eq!(sshd.connections(), 3, "one for each run:\n{}", sshd.log());
}

#[test]
fn ssh() {
    apart::test("transports::ssh", |apart| mirrors_over_ssh(apart, &Sshd::start()));
}

#[test]
fn ssh_that_keeps_version_2_from_git() {
    apart::test("transports::ssh_that_keeps_version_2_from_git", |apart| {
        mirrors_over_ssh(apart, &Sshd::start_version_0());
    });
}

#[tokio::test]
async fn formats_may_not_be_mixed() {
    let scene = Scene::new();
    let target = Repo::bare_with(scene.folder.path().join("sha256.git"), ObjectFormat::Sha256);
    for mirror in [
        Mirror::local(&scene.source, &target),
        Mirror::local(&target, &scene.source),
        Mirror::new(&scene.server.url("source.git"), &scene.server.url("sha256.git")),
        Mirror::new(&scene.server.url("sha256.git"), &scene.server.url("source.git")),
    ] {
        target.commit("main", "one more");
        let before = (target.refs(), scene.source.refs());
        let done = mirror.run().await;
        assert!(done.error().contains("object formats differ"), "{}", done.error());
        assert_eq!(done.exit(), 1);
        assert_eq!((target.refs(), scene.source.refs()), before);
    }
}
