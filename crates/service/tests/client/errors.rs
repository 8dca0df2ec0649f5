//! What goes wrong is told with what to do, and never with the token.

use std::net::TcpListener;

use serde_json::json;

use crate::samples::{mirror, page};
use crate::stub::{Answer, Stub};
use crate::{everything, refsync};

#[test]
fn a_server_that_does_not_run_is_asked_for_by_its_address() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let finished = refsync().args(["mirror", "list"]).env("REFSYNC_URL", &url).run();
    assert_eq!(finished.code, Some(1));
    assert_eq!(finished.stdout, "");
    let expected = format!(
        "error: {url} does not answer: Connection refused (os error 111)\nhint: is refsync serve running at {url}? REFSYNC_URL says where it is\n"
    );
    assert_eq!(finished.stderr, expected);
}

#[test]
fn a_refused_token_names_the_variable_and_not_the_token() {
    let stub = Stub::start().on(
        "GET /mirrors",
        Answer::problem(401, "unauthorized", "the token is not valid"),
    );
    let finished = stub.run(&["mirror", "list"]);
    assert_eq!(finished.code, Some(1));
    assert!(
        finished
            .stderr
            .contains("error: the token is not valid\nhint: the token of REFSYNC_TOKEN"),
        "{}",
        finished.stderr
    );
    assert!(!everything(&finished).contains("canary"));
    assert_eq!(
        stub.asked_once("GET").headers["authorization"],
        "Bearer refsync_canary"
    );
    let nobody = refsync()
        .args(["mirror", "list"])
        .env("REFSYNC_URL", stub.url())
        .run();
    assert!(
        nobody
            .stderr
            .contains("hint: set REFSYNC_TOKEN, or REFSYNC_TOKEN_FILE"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn what_the_server_calls_invalid_is_wrong_usage() {
    let stub = Stub::start()
        .on(
            "POST /mirrors/app/runs",
            Answer::problem(422, "invalid", "app has no input set named x"),
        )
        .on(
            "POST /mirrors/gone/runs",
            Answer::problem(404, "not-found", "mirror gone does not exist"),
        );
    let finished = stub.run(&["mirror", "run", "app", "--input-set", "x"]);
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(64), "error: app has no input set named x\n")
    );
    let finished = stub.run(&["mirror", "run", "gone"]);
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(1), "error: mirror gone does not exist\n")
    );
}

#[test]
fn the_token_does_not_follow_a_redirect() {
    let elsewhere = Stub::start().on("GET /mirrors", Answer::json(200, &page(&[mirror("app")])));
    let to = format!("{}/api/v1/mirrors", elsewhere.url());
    let stub = Stub::start().on(
        "GET /mirrors",
        Answer::json(302, &json!({})).header("location", &to),
    );
    let finished = stub.run(&["mirror", "list"]);
    assert_eq!(finished.code, Some(1));
    assert!(
        finished
            .stderr
            .contains("hint: set REFSYNC_URL to the address that it leads to"),
        "{}",
        finished.stderr
    );
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn what_is_not_refsync_is_told_without_its_page() {
    let stub = Stub::start().on("GET /mirrors", Answer::events("<html>\u{1b}[31m</html>"));
    let finished = stub.run(&["mirror", "list"]);
    assert_eq!(finished.code, Some(1));
    assert!(
        finished
            .stderr
            .contains("cannot be read: expected value at line 1 column 1"),
        "{}",
        finished.stderr
    );
    assert!(
        !everything(&finished).contains("html"),
        "{}",
        everything(&finished)
    );
}

#[test]
fn hostile_details_cannot_steer_the_terminal() {
    let stub = Stub::start().on(
        "GET /mirrors/app",
        Answer::problem(404, "not-found", "no \u{1b}]0;owned\u{7} mirror"),
    );
    let finished = stub.run(&["mirror", "view", "app"]);
    assert!(
        !finished.stderr.contains(['\u{1b}', '\u{7}']),
        "{:?}",
        finished.stderr
    );
}

#[test]
fn variables_that_cannot_be_meant_exit_64_before_any_request() {
    for (name, value) in [
        ("REFSYNC_URL", "https://me:s3cret@host"),
        ("REFSYNC_URL", "refsync.example.org"),
        ("REFSYNC_TOKEN", "s3cret s3cret"),
        ("REFSYNC_TOKEN_FILE", "/nowhere/token"),
        ("REFSYNC_CA_FILE", "/nowhere/ca.pem"),
    ] {
        let finished = refsync().args(["mirror", "list"]).env(name, value).run();
        assert_eq!(finished.code, Some(64), "{}", everything(&finished));
        assert!(
            finished.stderr.starts_with(&format!("error: {name}: ")),
            "{}",
            finished.stderr
        );
        assert!(
            !everything(&finished).contains("s3cret"),
            "{}",
            everything(&finished)
        );
    }
}

#[test]
fn names_are_escaped_in_paths() {
    let stub = Stub::start();
    stub.run(&["mirror", "view", "../tokens?x#y"]);
    assert_eq!(
        stub.asked_once("GET").line,
        "GET /api/v1/mirrors/..%2Ftokens%3Fx%23y"
    );
}
