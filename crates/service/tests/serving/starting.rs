//! What a process that starts with a wrong or an old file does to the mirrors of the database.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Serve, tmp, until};

use crate::REFSYNC;

const PATIENCE: Duration = Duration::from_secs(60);

/// Mirrors of hosts that nobody asks.
fn mirrors(names: &[&str], sweep: &str) -> String {
    let one = |name: &&str| {
        format!(
            "  - {{name: {name}, source: \"http://127.0.0.1:9/{name}.git\", target: \"http://127.0.0.1:9/to/{name}.git\", sweep: {sweep}}}\n"
        )
    };
    format!("mirrors:\n{}", names.iter().map(one).collect::<String>())
}

/// The names of the mirrors that are not parked.
fn names(serve: &Serve, token: &str) -> Vec<String> {
    let bearer = format!("Bearer {token}");
    let answered = serve.request("GET", "/api/v1/mirrors", &[("authorization", &bearer)], "");
    let page: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
    items.iter().map(name).collect()
}

#[test]
fn a_file_that_lacks_over_a_fifth_of_the_mirrors_does_not_start_unless_that_is_meant() {
    let folder = tmp();
    let all = ["a", "b", "c", "d", "e"];
    let mut serve = Serve::new(REFSYNC, folder.path(), &mirrors(&all, "off")).start();
    let token = serve.token();
    serve.stop();

    serve.configure(&mirrors(&all[..3], "off"));
    let refused = serve.fail_to_start();
    assert_eq!(refused.code(), Some(78), "{}", serve.log());
    assert!(serve.log().contains("lacks 2 of 5 mirrors"), "{}", serve.log());
    assert!(serve.log().contains("refsync serve --force"), "{}", serve.log());
    // The right file finds all as it was.
    serve.configure(&mirrors(&all, "off"));
    serve.restart();
    assert_eq!(names(&serve, &token), all);
    serve.stop();

    serve.configure(&mirrors(&all[..3], "off"));
    let mut serve = serve.arg("--force");
    serve.restart();
    assert_eq!(names(&serve, &token), all[..3]);
}

/// The newest entries of the audit list, oldest last.
fn audit(serve: &Serve, token: &str) -> Vec<Value> {
    let bearer = format!("Bearer {token}");
    let answered = serve.request("GET", "/api/v1/audit", &[("authorization", &bearer)], "");
    let page: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    page["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn what_a_file_changes_stands_in_the_audit_list() {
    let folder = tmp();
    let mut serve = Serve::new(REFSYNC, folder.path(), &mirrors(&["a", "b", "c"], "off")).start();
    let token = serve.token();
    assert_eq!(
        audit(&serve, &token),
        [Value::Null; 0],
        "the first start changes nothing"
    );

    serve.configure(&mirrors(&["a", "b", "c", "d"], "off"));
    until("the file to be read again", PATIENCE, || {
        !audit(&serve, &token).is_empty()
    });
    let reload = audit(&serve, &token).remove(0);
    assert_eq!(
        (&reload["actor"], &reload["action"]),
        (&json!("file"), &json!("config.reload"))
    );
    assert_eq!(
        (&reload["before"]["mirrors"], &reload["after"]["mirrors"]),
        (&json!(3), &json!(4))
    );
    assert_eq!(reload["after"]["added"], json!(["d"]));
    assert_eq!(
        reload["after"]["definitions"][0]["source"]["url"],
        "http://127.0.0.1:9/d.git"
    );
    assert_ne!(reload["before"]["fingerprint"], reload["after"]["fingerprint"]);
    serve.stop();

    serve.configure(&mirrors(&["a", "b"], "1h"));
    let mut serve = serve.arg("--force");
    serve.restart();
    let force = audit(&serve, &token).remove(0);
    assert_eq!(
        (&force["actor"], &force["action"]),
        (&json!("file"), &json!("config.force"))
    );
    assert_eq!(force["after"]["removed"], json!(["c", "d"]));
    assert_eq!(force["after"]["changed"], json!(["a", "b"]));
    serve.stop();
    serve.restart();
    assert_eq!(audit(&serve, &token).len(), 2, "the same file changes nothing");
}

#[test]
fn a_process_that_starts_with_an_older_file_leaves_alone_what_a_newer_one_wrote() {
    let database = testkit::postgres::database();
    let folder = tmp();
    let process = |name: &str, mirrors: &str| {
        let configuration = format!(
            "database: \"{database}\"\nallowHosts: [a.example, b.example]\nlimits: {{lease: 3s}}\n{mirrors}"
        );
        Serve::new(REFSYNC, Path::new(folder.path()).join(name), &configuration)
    };
    let (old, new) = (
        mirrors(&["a", "b", "c", "d", "e"], "off"),
        mirrors(&["a", "b", "c", "d", "e", "f"], "1h"),
    );
    let mut first = process("first", &old).start();
    let token = first.token();
    let mut newer = process("newer", &new);
    newer.launch();
    assert_eq!(names(&newer, &token), ["a", "b", "c", "d", "e", "f"]);

    let mut older = process("older", &old);
    older.launch();
    assert!(
        older.log().contains("has a newer configuration"),
        "{}",
        older.log()
    );
    assert_eq!(names(&older, &token), ["a", "b", "c", "d", "e", "f"]);
    // It could not put a mirror in force: who asks for one is told.
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body =
        r#"{"name": "made", "source": "https://a.example/x.git", "target": "https://b.example/x.git"}"#;
    let answered = older.request("POST", "/api/v1/mirrors", &headers, body);
    assert_eq!(answered.status, 409, "{}", answered.body);
    // One made at the newer one reaches all, and has none of them park what it lacks.
    let answered = newer.request("POST", "/api/v1/mirrors", &headers, body);
    assert_eq!(answered.status, 201, "{}", answered.body);
    let bearer = [("authorization", bearer.as_str())];
    until("the mirror to reach the older process", PATIENCE, || {
        let made = older.request("GET", "/api/v1/mirrors/made", &bearer, "");
        made.status == 200 && made.body.contains("\"origin\":\"api\"")
    });
    assert_eq!(names(&older, &token), ["a", "b", "c", "d", "e", "f", "made"]);

    // Once nobody has the newer file any more, the older one is in force.
    newer.stop();
    until("the older file to be in force", PATIENCE, || {
        names(&older, &token) == ["a", "b", "c", "d", "e", "made"]
    });
    first.stop();
    older.stop();
}
