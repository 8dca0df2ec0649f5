//! What changes something: decisions, mirrors, tokens.

use serde_json::json;

use crate::everything;
use crate::samples::{conflict, mirror, page, run};
use crate::stub::{Answer, Stub};

#[test]
fn a_conflict_is_decided_on_the_values_that_were_seen() {
    let start = || {
        Stub::start()
            .on("GET /mirrors/app/conflict", Answer::json(200, &conflict()))
            .on(
                "POST /mirrors/app/resolve",
                Answer::json(202, &run("queued", None)),
            )
    };
    let shown = json!({"source": "1".repeat(40), "target": "2".repeat(40)});
    let stub = start();
    let finished = stub.run(&["conflict", "resolve", "app", "main", "--take", "target"]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    assert_eq!(
        stub.asked_once("POST").body,
        json!({"reference": "refs/heads/main", "take": "target", "keepBoth": false, "shown": shown})
    );
    let stub = start();
    stub.run(&[
        "conflict",
        "resolve",
        "app",
        "refs/heads/main",
        "--keep",
        "both",
        "--prefer",
        "source",
    ]);
    assert_eq!(
        stub.asked_once("POST").body,
        json!({"reference": "refs/heads/main", "take": "source", "keepBoth": true, "shown": shown})
    );
}

#[test]
fn a_decision_must_be_whole() {
    let stub = Stub::start();
    for words in [
        &[][..],
        &["--keep", "both"],
        &["--prefer", "source"],
        &["--take", "source", "--keep", "both", "--prefer", "source"],
        &["--take", "both"],
    ] {
        let words = [&["conflict", "resolve", "app", "main"], words].concat();
        assert_eq!(stub.run(&words).code, Some(64), "{words:?}");
    }
    assert!(stub.asked().is_empty());
}

#[test]
fn a_mirror_is_made_of_flags_or_of_a_file() {
    let stub = Stub::start().on("POST /mirrors", Answer::json(201, &mirror("app")));
    let words = [
        "mirror",
        "create",
        "app",
        "--source",
        "https://a/x.git",
        "--target",
        "https://b/x.git",
        "--label",
        "team=pay",
    ];
    let finished = stub.run(&words);
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "Made app.\n"),
        "{}",
        finished.stderr
    );
    let expected = json!({
        "name": "app", "source": {"url": "https://a/x.git"}, "target": {"url": "https://b/x.git"}, "labels": {"team": "pay"},
    });
    assert_eq!(stub.asked_once("POST").body, expected);

    let stub = Stub::start().on("POST /mirrors", Answer::json(201, &mirror("app")));
    let file = "name: app\nsource: https://a/x.git\ntarget: {url: https://b/x.git}\n";
    let finished = stub.client(&["mirror", "create", "-f", "-"]).input(file).run();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    let expected = json!({"name": "app", "source": "https://a/x.git", "target": {"url": "https://b/x.git"}});
    assert_eq!(stub.asked_once("POST").body, expected);
}

#[test]
fn an_edit_expects_the_version_that_it_saw() {
    let stub = Stub::start()
        .on("GET /mirrors/app", Answer::json(200, &mirror("app")))
        .on(
            "PUT /mirrors/app",
            Answer::problem(412, "precondition-failed", "app was changed meanwhile"),
        );
    let finished = stub.run(&["mirror", "edit", "app", "--description", "new"]);
    assert_eq!(finished.code, Some(1), "{}", everything(&finished));
    assert!(
        finished
            .stderr
            .contains("hint: somebody else changed it meanwhile"),
        "{}",
        finished.stderr
    );
    let put = stub.asked_once("PUT");
    assert_eq!(put.headers["if-match"], "\"7\"");
    assert_eq!(put.body["description"], "new");
}

#[test]
fn an_editor_gets_the_definition_and_none_of_the_tokens_of_refsync() {
    let stub = Stub::start()
        .on("GET /mirrors/app", Answer::json(200, &mirror("app")))
        .on("PUT /mirrors/app", Answer::json(200, &mirror("app")));
    let editor = "f() { printenv REFSYNC_TOKEN SOURCE_TOKEN TARGET_TOKEN >&2; sed -i 's/b.example/c.example/' \"$1\"; }; f";
    let finished = stub
        .client(&["mirror", "edit", "app"])
        .env("EDITOR", editor)
        .env("SOURCE_TOKEN", "canary-source")
        .env("TARGET_TOKEN", "canary-target")
        .run();
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(0), ""),
        "{}",
        finished.stdout
    );
    assert_eq!(stub.asked_once("PUT").body["target"], "https://c.example/app.git");
    let untouched = stub
        .client(&["mirror", "edit", "app"])
        .env("EDITOR", "true")
        .run();
    assert_eq!(untouched.stderr, "Nothing was changed.\n");
}

#[test]
fn a_mirror_of_the_file_is_changed_there() {
    let mut of_file = mirror("app");
    of_file["readOnly"] = json!(true);
    of_file["origin"] = json!("refsync.yaml:31");
    let stub = Stub::start().on("GET /mirrors/app", Answer::json(200, &of_file));
    let finished = stub.run(&["mirror", "edit", "app", "--description", "x"]);
    assert_eq!(
        finished.stderr,
        "error: app is defined in refsync.yaml:31: change it there\n"
    );
}

#[test]
fn nothing_is_removed_without_a_person_or_yes() {
    let stub = Stub::start().on("DELETE /mirrors/app", Answer::json(204, &json!(null)));
    let finished = stub.run(&["mirror", "delete", "app"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("--yes"), "{}", finished.stderr);
    assert!(stub.asked().is_empty());
    let finished = stub.run(&["mirror", "delete", "app", "--yes"]);
    assert_eq!(
        (finished.code, stub.asked().len()),
        (Some(0), 1),
        "{}",
        everything(&finished)
    );
}

#[test]
fn pausing_by_label_touches_those_and_no_others() {
    let stub = Stub::start()
        .on(
            "GET /mirrors",
            Answer::json(200, &page(&[mirror("a"), mirror("b")])),
        )
        .on("POST /mirrors/a/pause", Answer::json(200, &mirror("a")))
        .on("POST /mirrors/b/pause", Answer::json(200, &mirror("b")));
    let finished = stub.run(&["mirror", "pause", "-l", "team=pay"]);
    assert_eq!(finished.stdout, "Paused a.\nPaused b.\n", "{}", finished.stderr);
    let nothing = Stub::start().on("GET /mirrors", Answer::json(200, &page(&[])));
    let finished = nothing.run(&["mirror", "pause", "-l", "team=x"]);
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(1), "error: no mirror has the label team=x\n")
    );
    assert_eq!(
        nothing.run(&["mirror", "pause"]).code,
        Some(64),
        "no name is not all"
    );
}

#[test]
fn a_token_s_text_is_all_that_standard_output_gets() {
    let token = json!({
        "id": "k7f3", "name": "ci", "role": "operate", "label": "team=pay", "createdAt": "2026-11-21T09:00:00.000Z",
        "expiresAt": null, "usedAt": null, "revokedAt": null,
    });
    let stub = Stub::start().on(
        "POST /tokens",
        Answer::json(201, &json!({"token": token, "text": "refsync_new"})),
    );
    let finished = stub.run(&[
        "token",
        "create",
        "ci",
        "--role",
        "operate",
        "-l",
        "team=pay",
        "--expires",
        "90d",
    ]);
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "refsync_new\n"),
        "{}",
        finished.stderr
    );
    let body = stub.asked_once("POST").body;
    assert_eq!(
        (&body["name"], &body["role"], &body["label"]),
        (&json!("ci"), &json!("operate"), &json!("team=pay"))
    );
    assert!(body["expiresAt"].is_string());
}
