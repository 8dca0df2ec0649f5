//! Tokens are sent to the one host that they belong to, and shown nowhere.

use std::fs;
use std::path::Path;

use testkit::{Credentials, Finished, HttpServer, Run, Then, When, require, tmp};

use crate::{everything, pair, refsync};

const CANARY: &str = "canary7f3aTOKENvalue";

/// The token as it is, and as the Basic scheme (RFC 7617) encodes it with the user `git`.
fn forms() -> [String; 2] {
    let encoded = Run::new(require("base64"))
        .arg("-w0")
        .input(format!("git:{CANARY}"))
        .run()
        .stdout;
    [CANARY.to_owned(), encoded]
}

fn assert_unseen(finished: &Finished) {
    let text = everything(finished);
    for form in forms() {
        assert!(!text.contains(&form), "a secret is in the output:\n{text}");
    }
}

#[test]
fn a_token_is_sent_and_never_shown() {
    let (source, target) = pair();
    let server = HttpServer::start(target.root());
    server.on(When::any(), Then::Authorize(Credentials::basic("git", CANARY)));
    for more in [
        &["-n"][..],
        &["-n", "-v"],
        &["-n", "-vv"],
        &["-n", "--json"],
        &["-n", "-q"],
        &["-vv"],
    ] {
        let run = refsync()
            .arg("sync")
            .arg(source.path())
            .arg(server.url("repo.git"))
            .args(more);
        let finished = run.env("TARGET_TOKEN", CANARY).run();
        assert_eq!(finished.code, Some(0), "{more:?}: {}", everything(&finished));
        assert_unseen(&finished);
    }
    assert_eq!(target.refs(), source.refs());
}

#[test]
fn a_wrong_token_is_not_shown_either() {
    let (source, target) = pair();
    let server = HttpServer::start(target.root());
    server.on(When::any(), Then::Authorize(Credentials::basic("git", "another")));
    for more in [&[][..], &["-vv"], &["--json"]] {
        let run = refsync()
            .arg("sync")
            .arg(source.path())
            .arg(server.url("repo.git"))
            .args(more);
        let finished = run.env("TARGET_TOKEN", CANARY).run();
        assert_eq!(finished.code, Some(1), "{}", everything(&finished));
        assert!(
            finished.stderr.contains("401 for user git"),
            "{}",
            finished.stderr
        );
        assert_unseen(&finished);
    }
}

#[test]
fn a_token_in_an_address_is_refused_unseen() {
    for url in [
        format!("https://git:{CANARY}@127.0.0.1:1/app.git"),
        format!("ssh://git:{CANARY}@127.0.0.1:1/app.git"),
    ] {
        for run in [
            refsync().args(["sync", &url, "/b"]),
            refsync().args(["sync", "/a"]).env("TARGET_URL", &url),
            refsync().args(["sync", "/a", "/b", &url]),
        ] {
            let finished = run.run();
            assert_eq!(finished.code, Some(64), "{}", everything(&finished));
            assert_unseen(&finished);
        }
    }
}

#[test]
fn no_child_learns_a_token() {
    let (source, target) = pair();
    let server = HttpServer::start(target.root());
    server.on(When::any(), Then::Authorize(Credentials::basic("git", CANARY)));
    let folder = tmp();
    let path = recording_git(folder.path());
    let run = refsync()
        .arg("sync")
        .arg(source.path())
        .arg(server.url("repo.git"))
        .env("PATH", path);
    let finished = run.env("SOURCE_TOKEN", CANARY).env("TARGET_TOKEN", CANARY).run();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    let recorded = fs::read_to_string(folder.path().join("record")).unwrap();
    assert!(recorded.contains("upload-pack"), "{recorded}");
    assert!(
        forms().iter().all(|form| !recorded.contains(form)),
        "a child knows a secret:\n{recorded}"
    );
}

/// Puts a `git` into a folder that writes down its arguments and its environment before it becomes the real one. Returns
/// the `PATH` on which it is found first.
fn recording_git(folder: &Path) -> String {
    let script = format!(
        "#!/bin/sh\n{{ echo \"$@\"; env; }} >>'{record}'\nexec '{git}' \"$@\"\n",
        record = folder.join("record").display(),
        git = require("git").display()
    );
    let write = Run::new(require("sh"))
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(folder.join("git"));
    assert_eq!(write.input(script).run().code, Some(0));
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}
