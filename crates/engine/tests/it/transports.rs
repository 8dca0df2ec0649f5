//! The same mirror over every way to a repository.

use testkit::{HttpServer, Repo, tmp};

use crate::mirror::Mirror;

/// A source with what repositories have.
fn source(folder: &std::path::Path) -> Repo {
    let source = Repo::bare(folder.join("source.git"));
    source.history("main", 50);
    source.commit_onto("topic/a", Some("main"), "a topic");
    source.tag_light("v1", "main~3");
    source.tag_annotated("v2", "main", "second");
    let blob = source.blob(b"a key");
    source.tag_light("a-blob", &blob);
    source
}

async fn mirrors(source: &Repo, target: &Repo, from: &str, to: &str) {
    Mirror::new(from, to).run().await.ok();
    assert_eq!(target.refs(), source.refs());
    target.fsck_strict();

    source.commit("main", "one more");
    let done = Mirror::new(from, to).run().await.ok();
    assert_eq!(done.outcome("refs/heads/main").to_string(), "fast-forwarded");
    assert_eq!(target.refs(), source.refs());

    let done = Mirror::new(from, to).run().await.ok();
    assert!(
        done.report.references.is_empty(),
        "nothing differs: {:?}",
        done.report
    );
    assert_eq!(done.report.in_sync, source.refs().len() as u64);
    target.fsck_strict();
}

#[tokio::test]
async fn paths_of_this_machine() {
    let folder = tmp();
    let (source, target) = (
        source(folder.path()),
        Repo::bare(folder.path().join("target.git")),
    );
    mirrors(
        &source,
        &target,
        &source.path().display().to_string(),
        &target.file_url(),
    )
    .await;
}

#[tokio::test]
async fn http() {
    let folder = tmp();
    let (source, target) = (
        source(folder.path()),
        Repo::bare(folder.path().join("target.git")),
    );
    let server = HttpServer::start(folder.path());
    mirrors(
        &source,
        &target,
        &server.url("source.git"),
        &server.url("target.git"),
    )
    .await;
}
