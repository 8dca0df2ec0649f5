//! What a process says of a database that goes away under it.

use std::time::Duration;

use testkit::{FaultProxy, Serve, tmp, until};

use crate::REFSYNC;

const PATIENCE: Duration = Duration::from_secs(60);

/// The text of `/readyz`, once it is 503.
fn not_ready(serve: &Serve) -> String {
    let mut said = String::new();
    until("/readyz to say that something is wrong", PATIENCE, || {
        let answered = serve.request("GET", "/readyz", &[], "");
        said = answered.body;
        answered.status == 503
    });
    said
}

#[test]
fn postgresql_that_cannot_be_reached_is_told_and_its_place_is_in_the_log() {
    let url = testkit::postgres::database();
    let address = url.split(['@', '/']).nth(3).and_then(|text| text.parse().ok());
    let proxy = FaultProxy::start(address.expect("the address of the server"));
    let through = proxy.through(&url).replace("refsync@", "refsync:hunter2@");
    let folder = tmp();
    let configuration = "database: \"${env:DATABASE}\"\nlimits: {lease: 3s}\n";
    let serve = Serve::new(REFSYNC, folder.path(), configuration);
    let mut serve = serve.env("DATABASE", &through).start();
    let place = format!(
        "the database cannot be reached: PostgreSQL at {}: ",
        proxy.address()
    );
    drop(proxy);
    until("/readyz to say that it cannot be reached", PATIENCE, || {
        not_ready(&serve).contains("it cannot be reached, the log says where and why")
    });
    until("the log to name the place", PATIENCE, || {
        serve.log().contains(&place)
    });
    assert!(!serve.log().contains("hunter2"), "{}", serve.log());
    serve.kill();
    // And a process that starts.
    let status = serve.fail_to_start();
    assert!(!status.success());
    let log = serve.log();
    assert!(
        log.lines()
            .any(|line| line.contains(&place) && line.contains("start it")),
        "{log}"
    );
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn a_database_file_that_goes_away_under_a_process_is_told_and_logged_once() {
    let folder = tmp();
    let mut serve = Serve::new(REFSYNC, folder.path(), "limits: {lease: 3s}\n").start();
    let (file, aside) = (folder.path().join("refsync.db"), folder.path().join("aside.db"));
    std::fs::rename(&file, &aside).expect("the database is there");
    let told = not_ready(&serve);
    assert!(
        told.contains("was moved or removed, so that what this process writes is lost"),
        "{told}"
    );
    assert!(
        told.contains("`refsync db restore`") && !told.contains("refsync.db"),
        "{told}"
    );
    let lines = || {
        serve
            .log()
            .matches("refsync.db was moved or removed while")
            .count()
    };
    until("the log to name the file", PATIENCE, || lines() > 0);
    std::fs::rename(&aside, &file).expect("nothing is in its place");
    until("the log to say that it is back", PATIENCE, || {
        serve.log().contains("the database's file is where it was again")
    });
    assert_eq!(serve.request("GET", "/readyz", &[], "").status, 200);
    assert_eq!(lines(), 1, "{}", serve.log());
    serve.stop();
}

#[test]
fn what_is_wrong_with_the_files_of_a_credential_is_logged_once_for_each_load() {
    let folder = tmp();
    let credentials = |key: &str| {
        format!("credentials:\n  ghe: {{host: ghe.example, provider: github, {key}: nowhere.pem}}\n")
    };
    let mut serve = Serve::new(REFSYNC, folder.path(), &credentials("caFile")).start();
    let lines = |key: &str| {
        let place = format!("credentials.ghe.{key}: nowhere.pem cannot be read here");
        serve.log().matches(&place).count()
    };
    assert_eq!(lines("caFile"), 1, "{}", serve.log());
    std::fs::write(
        serve.file(),
        std::fs::read_to_string(serve.file())
            .expect("it is there")
            .replace("caFile", "clientCert"),
    )
    .expect("the directory is the test's");
    until("the new file to be read", PATIENCE, || lines("clientCert") > 0);
    assert_eq!((lines("caFile"), lines("clientCert")), (1, 1), "{}", serve.log());
    serve.stop();
}
