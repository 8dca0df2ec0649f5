//! The git:// servers, through real git.

use std::process::Output;

use testkit::{GitDaemon, JgitDaemon, ObjectFormat, Repo, git};

fn run(repo: &Repo, arguments: &[&str]) -> Output {
    let mut command = git(repo.path());
    command
        .env("GIT_TRACE_PACKET", "1")
        .args(arguments)
        .output()
        .expect("git can be started")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn git_daemon_serves_both_object_formats_and_takes_pushes_when_told_to() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let (source, target) = (Repo::init(format), Repo::init(format));
        source.history("main", 30);
        let reading = GitDaemon::start(target.root());
        assert!(
            !run(&source, &["push", "-q", &reading.url("repo.git"), "main"])
                .status
                .success()
        );
        let writing = GitDaemon::start_writable(target.root());
        let pushed = run(&source, &["push", "-q", &writing.url("repo.git"), "main"]);
        assert!(pushed.status.success(), "{}{}", stderr(&pushed), writing.log());
        assert_eq!(target.refs(), source.refs());
        let listed = run(&source, &["ls-remote", &reading.url("repo.git")]);
        assert!(String::from_utf8_lossy(&listed.stdout).contains("refs/heads/main"));
        assert!(stderr(&listed).contains("version 2"));
        assert!(reading.log().contains("Request upload-pack"), "{}", reading.log());
    }
}

#[test]
fn jgit_serves_what_git_wrote() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.history("main", 30);
    let clone = Repo::init(ObjectFormat::Sha1);
    let jgit = JgitDaemon::start(repo.root());
    let fetched = run(&clone, &["fetch", "-q", &jgit.url("repo.git"), "+refs/*:refs/*"]);
    assert!(fetched.status.success(), "{}", stderr(&fetched));
    assert_eq!(clone.refs(), repo.refs());
    clone.fsck_strict();
}
