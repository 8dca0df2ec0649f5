//! The HTTP server, through real git and through curl where git is too polite.

use std::path::Path;
use std::process::Output;

use testkit::{
    Answer, Credentials, Finished, Gate, HttpServer, ObjectFormat, Repo, Run, Service, Then, When, git,
    require, tmp,
};

fn git_at(directory: &Path, arguments: &[&str]) -> Output {
    git(directory)
        .args(arguments)
        .output()
        .expect("git can be started")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn push(source: &Repo, url: &str, refspec: &str) -> Output {
    git_at(source.path(), &["push", "-q", url, refspec])
}

fn curl(arguments: &[&str]) -> Finished {
    Run::new(require("curl"))
        .args(["-sS", "--max-time", "30"])
        .args(arguments)
        .run()
}

#[test]
fn git_clones_and_pushes_in_both_object_formats() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let target = Repo::init(format);
        let source = Repo::init(format);
        source.history("main", 50);
        let server = HttpServer::start(target.root());
        let url = server.url("repo.git");
        let pushed = push(&source, &url, "main");
        assert!(
            pushed.status.success(),
            "{}{}",
            stderr(&pushed),
            server.complaints()
        );
        assert_eq!(target.refs(), source.refs());
        target.fsck_strict();
        let clone = tmp();
        let cloned = git_at(clone.path(), &["clone", "-q", "--bare", &url, "clone.git"]);
        assert!(cloned.status.success(), "{}", stderr(&cloned));
        server.wait_idle();
        let requests = server.requests();
        assert!(
            requests
                .iter()
                .any(|request| request.is_discovery(Service::ReceivePack))
        );
        let call = requests
            .iter()
            .find(|request| request.is_call(Service::ReceivePack))
            .unwrap();
        assert_eq!((call.http, call.status), (1, Some(200)));
        assert!(call.body_contains(b"refs/heads/main") && call.body_length > 5_000);
    }
}

#[test]
fn git_speaks_version_2_unless_told_otherwise() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let server = HttpServer::start(repo.root());
    let url = server.url("repo.git");
    let calls = || {
        server
            .requests()
            .iter()
            .filter(|request| request.method == "POST")
            .count()
    };
    git_at(repo.path(), &["ls-remote", &url]);
    assert_eq!(calls(), 1);
    server.forget();
    server.on(When::any(), Then::Version0);
    let listed = git_at(repo.path(), &["ls-remote", &url]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("refs/heads/main"));
    assert_eq!((calls(), server.requests().len()), (0, 1));
}

#[test]
fn tls_offers_http_2_and_can_be_without() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    for (server, version) in [
        (HttpServer::start_tls(repo.root()), 2),
        (HttpServer::start_tls_http1(repo.root()), 1),
    ] {
        let mut command = git(repo.path());
        command.env("GIT_SSL_CAINFO", server.ca_pem_path());
        let listed = command
            .args(["ls-remote", &server.url("repo.git")])
            .output()
            .unwrap();
        assert!(listed.status.success(), "{}", stderr(&listed));
        let requests = server.requests();
        assert_eq!(
            requests.iter().map(|request| request.http).collect::<Vec<_>>(),
            [version; 2]
        );
        assert_eq!(server.connections(), 1);
        let untrusting = git_at(repo.path(), &["ls-remote", &server.url("repo.git")]);
        assert!(!untrusting.status.success());
        assert_eq!((server.connections(), server.requests().len()), (2, 2));
    }
}

#[test]
fn credentials_are_asked_for_checked_and_never_kept() {
    let root = tmp();
    let repo = Repo::bare(root.path().join("private.git"));
    Repo::bare(root.path().join("public.git"));
    repo.commit("main", "one");
    let server = HttpServer::start(root.path());
    server.on(
        When::any().under("/private.git"),
        Then::Authorize(Credentials::basic("robot", "s3cret")),
    );
    let list = |user: &str, name: &str| {
        let url = server.url(name).replace("http://", &format!("http://{user}"));
        git_at(repo.path(), &["ls-remote", &url]).status.success()
    };
    assert!(list("", "public.git"));
    assert!(!list("", "private.git"));
    assert!(!list("robot:wrong@", "private.git"));
    server.forget();
    assert!(list("robot:s3cret@", "private.git"));
    let requests = server.requests();
    assert_eq!(requests[0].status, Some(401));
    assert!(!requests[0].is_authorized());
    assert_eq!(requests[1].header("authorization"), Some("Basic"));
    assert_eq!(requests[1].user.as_deref(), Some("robot"));
    assert!(!format!("{requests:?}{:?}", requests[1].headers).contains("s3cret"));

    server.clear_rules();
    server.on(When::any(), Then::Authorize(Credentials::bearer("t0ken")));
    let mut command = git(repo.path());
    command.args([
        "-c",
        "http.extraHeader=Authorization: Bearer t0ken",
        "ls-remote",
        &server.url("private.git"),
    ]);
    assert!(command.output().unwrap().status.success());
}

#[test]
fn redirects_keep_path_and_query() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let (here, there) = (HttpServer::start(repo.root()), HttpServer::start(repo.root()));
    for status in [301, 302, 307, 308] {
        here.clear_rules();
        here.on(
            When::discovery(Service::UploadPack),
            Then::Redirect {
                status,
                base: there.base_url(),
            },
        );
        there.forget();
        assert!(
            git_at(repo.path(), &["ls-remote", &here.url("repo.git")])
                .status
                .success()
        );
        assert_eq!(there.requests().len(), 2);
        assert!(there.requests()[0].is_discovery(Service::UploadPack));
    }
}

#[test]
fn canned_answers_come_with_status_headers_and_body() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let server = HttpServer::start(repo.root());
    let url = format!("{}/info/refs?service=git-upload-pack", server.url("repo.git"));
    let busy = Answer::status(429).header("Retry-After", "7").body("slow down");
    server.once(When::any(), Then::Answer(busy));
    server.once(When::any(), Then::html_page());
    server.once(When::any(), Then::NoByte);
    server.once(When::any(), Then::HangUp);
    let first = curl(&["-i", &url]).stdout.to_lowercase();
    assert!(first.contains(" 429 ") && first.contains("retry-after: 7") && first.ends_with("slow down"));
    assert!(curl(&["-i", &url]).stdout.contains("Sign in"));
    let nothing = curl(&["-i", &url]).stdout;
    assert!(nothing.contains("application/x-git-upload-pack-advertisement") && nothing.ends_with("\r\n\r\n"));
    assert_eq!(curl(&[&url]).code, Some(52));
    assert!(curl(&[&url]).stdout.contains("# service=git-upload-pack"));
    let statuses: Vec<_> = server.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(429), Some(200), Some(200), None, Some(200)]);
}

#[test]
fn bodies_are_limited_and_content_types_checked() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let server = HttpServer::start(repo.root());
    let url = format!("{}/git-receive-pack", server.url("repo.git"));
    let send = |headers: &[&str], body: &str| {
        let headers: Vec<_> = headers.iter().flat_map(|header| ["-H", *header]).collect();
        let status = [
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--data-binary",
            body,
            url.as_str(),
        ];
        curl(&[&headers[..], &status].concat()).stdout
    };
    let exact = "Content-Type: application/x-git-receive-pack-request";
    server.on(When::any(), Then::LimitBody(10));
    server.on(When::any(), Then::StrictContentType(400));
    assert_eq!(send(&[exact], "0000"), "200");
    assert_eq!(send(&[], "0000"), "400");
    assert_eq!(send(&[exact], "00000000000"), "413");
    assert_eq!(send(&[exact, "Transfer-Encoding: chunked"], "00000000000"), "413");
    assert_eq!(send(&[exact, "Transfer-Encoding: chunked"], "0000"), "200");
    server.on(When::any(), Then::RefuseChunked);
    assert_eq!(send(&[exact, "Transfer-Encoding: chunked"], "0000"), "411");
    assert_eq!(send(&[exact], "0000"), "200");
}

#[test]
fn a_reference_can_move_between_observation_and_write() {
    let root = tmp();
    let source = Repo::bare(root.path().join("source.git"));
    let target = Repo::bare(root.path().join("target.git"));
    let base = source.commit("main", "base");
    let server = HttpServer::start(root.path());
    let url = server.url("target.git");
    assert!(push(&source, &url, "main").status.success());
    source.commit("main", "ours");
    let gate = Gate::new();
    server.once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    let mut race = String::new();
    let pushed = std::thread::scope(|scope| {
        let pushed = scope.spawn(|| push(&source, &url, "main"));
        gate.wait_for_arrival();
        race = target.commit_onto("main", Some(&base), "theirs");
        gate.open();
        pushed.join().unwrap()
    });
    assert!(!pushed.status.success());
    assert_eq!(target.get("refs/heads/main"), Some(race));

    // The same, written as an action.
    let moved = target.commit_onto("elsewhere", Some(&base), "moved");
    let path = target.path().to_owned();
    let action = move || Repo::open(&path).set_ref("refs/heads/main", &moved);
    server.once(When::call(Service::ReceivePack), Then::call(action));
    assert!(!push(&source, &url, "+main").status.success());
    assert_eq!(target.get("refs/heads/main"), target.get("refs/heads/elsewhere"));
}

#[test]
fn an_answer_can_be_held_and_cut() {
    let root = tmp();
    let target = Repo::bare(root.path().join("target.git"));
    let source = Repo::bare(root.path().join("source.git"));
    source.commit("main", "one");
    let server = HttpServer::start(root.path());
    let url = server.url("target.git");
    let gate = Gate::new();
    server.once(When::call(Service::ReceivePack), Then::HoldAnswer(gate.clone()));
    std::thread::scope(|scope| {
        let pushed = scope.spawn(|| push(&source, &url, "main"));
        gate.wait_for_arrival();
        assert_eq!(server.requests().last().unwrap().status, None);
        gate.open();
        assert!(pushed.join().unwrap().status.success());
    });
    source.commit("main", "two");
    server.once(When::call(Service::ReceivePack), Then::CutAnswer(3));
    assert!(!push(&source, &url, "main").status.success());
    server.wait_idle();
    assert_eq!(target.refs(), source.refs());
}

#[test]
fn a_setting_reaches_git() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let server = HttpServer::start(repo.root());
    server.on(
        When::any(),
        Then::Setting("transfer.hideRefs", "refs/heads".to_owned()),
    );
    let listed = git_at(repo.path(), &["ls-remote", &server.url("repo.git")]);
    assert!(listed.status.success());
    assert!(!String::from_utf8_lossy(&listed.stdout).contains("refs/heads/main"));
}

#[tokio::test]
async fn a_server_can_live_and_die_inside_an_asynchronous_test() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let server = HttpServer::start(repo.root());
    let gate = Gate::new();
    server.on(When::any(), Then::Hold(gate.clone()));
    let url = server.url("repo.git");
    let path = repo.path().to_owned();
    let listing = tokio::task::spawn_blocking(move || git_at(&path, &["ls-remote", &url]));
    gate.arrival().await;
    drop(server);
    assert!(!listing.await.unwrap().status.success());
}
