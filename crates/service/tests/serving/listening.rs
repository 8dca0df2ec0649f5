//! Where a process listens, and how its log is written.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use testkit::{Serve, tmp};

use crate::REFSYNC;

/// The status of a request to another address than the API's.
fn status(address: SocketAddr, method: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.split_whitespace().nth(1).expect("a status line");
    status.parse().expect("a number")
}

#[test]
fn hooks_on_an_address_of_their_own_are_all_that_it_serves() {
    let folder = tmp();
    let free = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let hooks = free.local_addr().expect("bound");
    drop(free);
    let file = format!(
        "hooksListen: {hooks}\ncredentials:\n  forge: {{host: \"127.0.0.1:9\", provider: gitea, webhookSecret: \"${{env:HOOK}}\"}}\n\
         mirrors:\n  - {{name: app, source: \"http://127.0.0.1:9/a.git\", target: \"http://127.0.0.1:9/b.git\", sweep: off}}\n"
    );
    let serve = Serve::new(REFSYNC, folder.path(), &file)
        .env("HOOK", "s3cret")
        .start();

    // Without a signature: the endpoint is there.
    assert_eq!(status(hooks, "POST", "/hooks/app/source"), 401);
    for path in ["/", "/api/v1/overview", "/metrics", "/sign-in"] {
        assert_eq!(status(hooks, "GET", path), 404, "{path}");
    }
    for path in ["/hooks/app/source", "/hooks/app/source/", "/hooks/", "/hooks"] {
        let elsewhere = serve.request("POST", path, &[], "{}");
        assert_eq!(elsewhere.status, 404, "{path}: {}", elsewhere.body);
        assert!(elsewhere.body.contains("hooksListen"), "{}", elsewhere.body);
    }
    assert_eq!(status(hooks, "POST", "/hooks/app/source/more"), 404);
    assert_eq!(serve.request("GET", "/healthz", &[], "").status, 200);
}

#[test]
fn a_log_in_json_has_one_object_a_line_and_says_what_to_do_next() {
    let folder = tmp();
    let mut serve = Serve::new(REFSYNC, folder.path(), "")
        .arg("--log-format")
        .arg("json")
        .start();
    serve.stop();
    let log = serve.log();
    let message = |line: &str| {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        line["message"].as_str().unwrap_or_default().to_owned()
    };
    let messages: Vec<String> = log.lines().map(message).collect();
    assert!(messages.iter().any(|message| message == "serving"), "{log}");
    let next = "nothing is mirrored yet: write a refsync.yaml here";
    assert!(messages.iter().any(|message| message.starts_with(next)), "{log}");
}
