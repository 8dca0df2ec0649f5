//! Apache, through real git.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;
use std::time::{Duration, Instant};

use testkit::{Apache, ObjectFormat, Repo, git, until};

fn run(repo: &Repo, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = git(repo.path());
    command
        .envs(environment.iter().copied())
        .env("GIT_TRACE_PACKET", "1");
    command.args(arguments).output().expect("git can be started")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn git_clones_and_pushes_in_both_object_formats() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let (source, target) = (Repo::init(format), Repo::init(format));
        source.history("main", 50);
        // Left by another user than the one who serves.
        target.commit("other", "before");
        let apache = Apache::start(target.root());
        let url = apache.url("repo.git");
        let pushed = run(&source, &[], &["push", "-q", &url, "main"]);
        assert!(
            pushed.status.success(),
            "{}{}",
            stderr(&pushed),
            apache.error_log()
        );
        assert_eq!(target.get("refs/heads/main"), source.get("refs/heads/main"));
        // And the other way round.
        target.commit("main", "after");
        let fetched = run(&source, &[], &["fetch", "-q", &url, "main:fetched"]);
        assert!(
            fetched.status.success(),
            "{}{}",
            stderr(&fetched),
            apache.error_log()
        );
        assert!(stderr(&fetched).contains("version 2"));
        target.fsck_strict();
        source.fsck_strict();
    }
}

#[test]
fn version_0_is_a_matter_of_configuration() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let apache = Apache::builder(repo.root()).version_0().start();
    let listed = run(&repo, &[], &["ls-remote", &apache.url("repo.git")]);
    assert!(
        String::from_utf8_lossy(&listed.stdout).contains("refs/heads/main"),
        "{}",
        apache.error_log()
    );
    assert!(!stderr(&listed).contains("version 2"));
}

#[test]
fn tls_comes_with_http_2() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let apache = Apache::builder(repo.root()).tls().start();
    let authority = apache.ca_pem_path();
    let trust = [("GIT_SSL_CAINFO", authority.to_str().unwrap())];
    let listed = run(&repo, &trust, &["ls-remote", &apache.url("repo.git")]);
    assert!(
        listed.status.success(),
        "{}{}",
        stderr(&listed),
        apache.error_log()
    );
    let seen = || {
        apache
            .access_log()
            .matches("HTTP/2.0 POST /git/repo.git/git-upload-pack 200")
            .count()
            == 1
    };
    until("the request in the log", Duration::from_secs(30), seen);
}

#[test]
fn credentials_can_be_asked_for() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let apache = Apache::builder(repo.root()).basic("robot", "s3cret").start();
    let url = apache.url("repo.git");
    assert!(!run(&repo, &[], &["ls-remote", &url]).status.success());
    let with = |password: &str| url.replace("http://", &format!("http://robot:{password}@"));
    assert!(!run(&repo, &[], &["ls-remote", &with("wrong")]).status.success());
    assert!(run(&repo, &[], &["ls-remote", &with("s3cret")]).status.success());
}

#[test]
fn a_body_that_pauses_is_cut_as_on_debian() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let apache = Apache::start(repo.root());
    let mut stream = TcpStream::connect(apache.address()).unwrap();
    let head = "POST /git/repo.git/git-receive-pack HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 1000\r\n\r\n0000";
    let start = Instant::now();
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let seconds = start.elapsed().as_secs();
    assert!(
        (9..40).contains(&seconds),
        "cut after {seconds} s: {}",
        String::from_utf8_lossy(&answer)
    );
}
