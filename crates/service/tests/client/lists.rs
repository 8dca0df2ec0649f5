//! Lists and views, as programs and pipes get them.

use serde_json::{Value, json};

use crate::everything;
use crate::samples::{RUN, conflict, log, mirror, page, reference, run};
use crate::stub::{Answer, Stub};

#[test]
fn pages_are_followed_to_their_end() {
    let stub = Stub::start()
        .on(
            "GET /mirrors",
            Answer::json(200, &json!({"items": [mirror("a"), mirror("b")], "next": "b&x"})),
        )
        .on("GET /mirrors", Answer::json(200, &page(&[mirror("c")])));
    let finished = stub.run(&[
        "mirror",
        "list",
        "-l",
        "team=pay",
        "-l",
        "tier=1",
        "--state",
        "in-sync,failed",
    ]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    let names: Vec<&str> = finished
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    let asked: Vec<String> = stub.asked().into_iter().map(|asked| asked.line).collect();
    let query = "label=team%3Dpay%2Ctier%3D1&state=in-sync%2Cfailed&limit=500";
    assert_eq!(
        asked,
        [
            format!("GET /api/v1/mirrors?{query}"),
            format!("GET /api/v1/mirrors?{query}&after=b%26x")
        ]
    );
}

#[test]
fn json_is_the_api_s_and_yaml_the_same() {
    let stub = Stub::start().on("GET /mirrors/app", Answer::json(200, &mirror("app")));
    let json: Value =
        serde_json::from_str(&stub.run(&["mirror", "view", "app", "-o", "json"]).stdout).unwrap();
    assert_eq!(json, mirror("app"));
    let yaml: Value =
        serde_saphyr::from_str(&stub.run(&["mirror", "view", "app", "-o", "yaml"]).stdout).unwrap();
    assert_eq!(yaml, mirror("app"));
    assert_eq!(stub.asked().len(), 2, "programs get one document for one request");
}

#[test]
fn a_selection_is_one_list_for_programs_however_many_mirrors_it_has() {
    let hooks = json!({"side": "source", "outcome": "present", "text": "it is there", "steps": []});
    let checked = json!({"mirror": "a", "ok": true, "checks": []});
    let stub = || {
        Stub::start()
            .on("GET /mirrors", Answer::json(200, &page(&[mirror("a")])))
            .on("POST /mirrors/a/check", Answer::json(200, &checked))
            .on("POST /mirrors/a/runs", Answer::json(202, &run("queued", None)))
            .on(
                "POST /mirrors/a/hooks",
                Answer::json(200, &page(std::slice::from_ref(&hooks))),
            )
    };
    let asked = |words: &[&str]| -> Value {
        let finished = stub().run(words);
        serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{}", everything(&finished)))
    };
    for command in [["mirror", "check"], ["mirror", "run"], ["webhook", "register"]] {
        let by_label = asked(&[&command[..], &["-l", "team=pay", "-o", "json"]].concat());
        assert_eq!(
            by_label.as_array().map(Vec::len),
            Some(1),
            "{command:?}: {by_label}"
        );
        assert_eq!(
            by_label[0]["mirror"],
            if command[1] == "run" { "app" } else { "a" }
        );
        let named = asked(&[&command[..], &["a", "-o", "json"]].concat());
        assert!(named.is_object(), "{command:?}: {named}");
    }
}

#[test]
fn runs_and_conflicts_are_listed_by_label() {
    let stub = Stub::start()
        .on("GET /runs", Answer::json(200, &page(&[])))
        .on("GET /conflicts", Answer::json(200, &page(&[])));
    stub.run(&["run", "list", "-l", "team=pay", "-l", "tier=1"]);
    stub.run(&["conflict", "list", "-l", "team=pay"]);
    let asked: Vec<String> = stub.asked().into_iter().map(|asked| asked.line).collect();
    assert!(asked[0].contains("label=team%3Dpay%2Ctier%3D1"), "{asked:?}");
    assert!(asked[1].contains("label=team%3Dpay"), "{asked:?}");
}

#[test]
fn an_empty_list_is_an_empty_page_for_programs_and_nothing_in_a_pipe() {
    let stub = Stub::start().on("GET /runs", Answer::json(200, &page(&[])));
    assert_eq!(stub.run(&["run", "list"]).stdout, "");
    let json: Value = serde_json::from_str(&stub.run(&["run", "list", "-o", "json"]).stdout).unwrap();
    assert_eq!(json, page(&[]));
}

#[test]
fn the_newest_run_is_meant_where_none_is_named() {
    let stub = Stub::start()
        .on(
            "GET /runs",
            Answer::json(200, &page(&[run("succeeded", Some(0))])),
        )
        .on(
            &format!("GET /runs/{RUN}/references"),
            Answer::json(200, &page(&[reference("refs/heads/main", "created")])),
        );
    let finished = stub.run(&["run", "view", "--mirror", "app"]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    assert!(
        stub.asked()[0].line.ends_with("/runs?mirror=app&limit=1"),
        "{:?}",
        stub.asked()[0]
    );
    assert!(
        finished.stdout.contains(&format!("id:\t{RUN}\n")),
        "{}",
        finished.stdout
    );
    assert!(
        finished
            .stdout
            .contains("refs/heads/main\tabsent\t1111111111111111111111111111111111111111\ttarget\tcreated")
    );
}

#[test]
fn log_failed_tells_what_matters_of_a_failed_run_alone() {
    let lines = [
        log(1, "info", "listing"),
        log(2, "remote", "denied"),
        log(3, "error", "refused"),
    ];
    let path = format!("GET /runs/{RUN}/log");
    let failed = Stub::start()
        .on("GET /runs/019a0b", Answer::json(200, &run("failed", Some(1))))
        .on(&path, Answer::json(200, &page(&lines)));
    let finished = failed.run(&["run", "view", "019a0b", "--log-failed"]);
    let texts: Vec<&str> = finished
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').nth(2))
        .collect();
    assert_eq!(texts, ["denied", "refused"], "{}", everything(&finished));
    let all = failed.run(&["run", "view", "019a0b", "--log", "--exit-status"]);
    assert_eq!((all.code, all.stdout.lines().count()), (Some(1), 3));
    let succeeded = Stub::start()
        .on("GET /runs/019a0b", Answer::json(200, &run("succeeded", Some(0))))
        .on(&path, Answer::json(200, &page(&lines)));
    assert_eq!(
        succeeded.run(&["run", "view", "019a0b", "--log-failed"]).stdout,
        ""
    );
}

#[test]
fn a_drift_report_exits_3_unless_all_is_as_it_should_be() {
    let drift = |state: &str| {
        json!({
            "mirror": "app", "live": true, "at": "2026-11-21T09:00:00.000Z", "inSync": 3, "cut": false,
            "references": [{
                "name": "refs/heads/x", "source": null, "target": "2".repeat(40), "base": null, "state": state,
                "text": null, "since": null, "run": null,
            }],
        })
    };
    for (state, exit) in [
        ("behind", 3),
        ("conflict", 3),
        ("target-only", 0),
        ("deletion", 0),
    ] {
        let stub = Stub::start().on("GET /mirrors/app/diff", Answer::json(200, &drift(state)));
        let finished = stub.run(&["mirror", "diff", "app", "--live"]);
        assert_eq!(finished.code, Some(exit), "{state}: {}", everything(&finished));
        assert!(stub.asked_once("GET").line.ends_with("/diff?live=true"));
    }
}

#[test]
fn the_drift_of_several_mirrors_is_one_document_and_its_exit_code_the_highest() {
    let drift = |name: &str, states: &[&str], unsure: Option<&str>| {
        let references: Vec<_> = states
            .iter()
            .map(|state| {
                json!({
                    "name": "refs/heads/x", "source": null, "target": "2".repeat(40), "base": null, "state": state,
                    "text": null, "since": null, "run": null,
                })
            })
            .collect();
        json!({
            "mirror": name, "live": false, "at": "2026-11-21T09:00:00.000Z", "inSync": 3, "cut": false,
            "references": references, "unsure": unsure,
        })
    };
    let gone = json!({
        "type": "urn:refsync:unreachable", "title": "A repository cannot be read", "status": 424,
        "detail": "the source is away",
    });
    let start = || {
        let mirrors = json!({"items": [mirror("app"), mirror("core"), mirror("web")], "next": null});
        Stub::start()
            .on("GET /mirrors", Answer::json(200, &mirrors))
            .on(
                "GET /mirrors/app/diff",
                Answer::json(200, &drift("app", &["behind"], None)),
            )
            .on("GET /mirrors/core/diff", Answer::json(424, &gone))
            .on(
                "GET /mirrors/web/diff",
                Answer::json(200, &drift("web", &[], Some("nobody looked"))),
            )
            .on(
                "GET /mirrors/api/diff",
                Answer::json(200, &drift("api", &[], None)),
            )
    };
    for (words, names, exit) in [
        (&["--all"][..], &["app", "web"][..], 3),
        (&["-l", "team=pay"], &["app", "web"], 3),
        (&["api", "web"], &["api", "web"], 1),
        (&["api", "core"], &["api"], 1),
        (&["api", "api"], &["api", "api"], 0),
    ] {
        let stub = start();
        let finished = stub.run(&[&["mirror", "diff", "-o", "json"], words].concat());
        assert_eq!(finished.code, Some(exit), "{words:?}: {}", everything(&finished));
        let told: Vec<Value> = serde_json::from_str(&finished.stdout).unwrap();
        let told: Vec<_> = told.iter().map(|one| one["mirror"].as_str().unwrap()).collect();
        assert_eq!(told, names, "{words:?}");
        let asks_core = words != ["api", "web"] && words != ["api", "api"];
        assert_eq!(
            finished.stderr.contains("core: the source is away"),
            asks_core,
            "{words:?}"
        );
    }
    let told = start().run(&["mirror", "diff", "--all"]);
    assert!(
        told.stdout.contains("\tapp\trefs/heads/x\t"),
        "{}",
        everything(&told)
    );
    assert!(
        told.stderr.contains("web: nobody looked; --live"),
        "{}",
        told.stderr
    );
}

#[test]
fn what_nobody_could_look_at_is_not_told_to_be_in_sync() {
    let drift = json!({
        "mirror": "app", "live": false, "at": "2026-11-21T09:00:00.000Z", "inSync": 3, "cut": false, "references": [],
        "unsure": "the last run failed: the host refuses the token",
    });
    let stub = Stub::start().on("GET /mirrors/app/diff", Answer::json(200, &drift));
    let finished = stub.run(&["mirror", "diff", "app"]);
    assert_eq!(finished.code, Some(1), "{}", everything(&finished));
    assert!(
        finished.stderr.contains("refuses the token; --live"),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_conflict_is_found_by_the_short_name_of_its_branch() {
    let stub = Stub::start().on("GET /mirrors/app/conflict", Answer::json(200, &conflict()));
    let finished = stub.run(&["conflict", "view", "app", "main"]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    assert!(
        stub.asked_once("GET")
            .line
            .ends_with("conflict?reference=refs%2Fheads%2Fmain")
    );
}
