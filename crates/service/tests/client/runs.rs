//! Runs by hand, waited for and watched.

use serde_json::json;

use crate::everything;
use crate::samples::{RUN, log, mirror, page, reference, run};
use crate::stub::{Answer, Stub};

fn event(name: &str, id: &str, data: &serde_json::Value) -> String {
    format!("event: {name}\nid: {id}\ndata: {data}\n\n")
}

/// A server on which a run of `app` ends like this.
fn ending(state: &str, exit: u8) -> Stub {
    let end = event("end", "9", &run(state, Some(exit)));
    Stub::start()
        .on("POST /mirrors/app/runs", Answer::json(202, &run("queued", None)))
        .on(&format!("GET /runs/{RUN}/events"), Answer::events(&end))
        .on(&format!("GET /runs/{RUN}/log"), Answer::json(200, &page(&[])))
        .on(
            &format!("GET /runs/{RUN}/references"),
            Answer::json(200, &page(&[reference("refs/heads/main", "created")])),
        )
}

#[test]
fn a_run_is_asked_for_with_its_inputs_and_no_others() {
    let stub = ending("succeeded", 0);
    let finished = stub.run(&["mirror", "run", "app"]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    assert_eq!(stub.asked_once("POST").body, json!({}));
    assert_eq!(
        finished.stdout,
        "Run 019a0b1c-2d3e of app was asked for. To watch it: refsync run watch 019a0b1c-2d3e\n"
    );

    let stub = ending("succeeded", 0);
    stub.run(&[
        "mirror",
        "run",
        "app",
        "--input-set",
        "releases",
        "--reverse",
        "-r",
        "refs/heads/main",
        "-r",
        "^refs/heads/tmp/*",
        "--reference-sha-old",
        "",
        "--sync-delete",
        "false",
        "--force",
        "never",
        "--atomic",
        "-n",
    ]);
    assert_eq!(
        stub.asked_once("POST").body,
        json!({
            "inputSet": "releases", "reverse": true, "references": ["refs/heads/main", "^refs/heads/tmp/*"],
            "referenceShaOld": "", "syncDelete": false, "force": "never", "atomic": true, "dryRun": true,
        })
    );
}

#[test]
fn a_one_off_run_is_asked_for_with_addresses_and_the_names_of_credentials() {
    let mut asked = run("queued", None);
    asked["mirror"] = json!(null);
    let stub = Stub::start().on("POST /runs", Answer::json(202, &asked));
    let addresses = ["https://a.example/app.git", "https://b.example/app.git"];
    let finished = stub.run(&["run", "start", addresses[0], addresses[1]]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    assert_eq!(
        stub.asked_once("POST").body,
        json!({"sourceUrl": addresses[0], "targetUrl": addresses[1], "atomic": false, "dryRun": false})
    );
    assert_eq!(
        finished.stdout,
        "Run 019a0b1c-2d3e was asked for. To watch it: refsync run watch 019a0b1c-2d3e\n"
    );

    let stub = Stub::start().on("POST /runs", Answer::json(202, &asked));
    stub.run(&[
        "run",
        "start",
        addresses[0],
        addresses[1],
        "--source-credential",
        "a",
        "--target-credential",
        "b",
        "-r",
        "refs/heads/main",
        "--reference-sha-old",
        "",
        "--sync-delete",
        "true",
        "--force",
        "never",
        "--atomic",
        "-n",
    ]);
    assert_eq!(
        stub.asked_once("POST").body,
        json!({
            "sourceUrl": addresses[0], "sourceCredential": "a", "targetUrl": addresses[1], "targetCredential": "b",
            "references": ["refs/heads/main"], "referenceShaOld": "", "syncDelete": true, "force": "never",
            "atomic": true, "dryRun": true,
        })
    );

    let stub = Stub::start();
    let finished = stub.run(&[
        "run",
        "start",
        addresses[0],
        addresses[1],
        "-r",
        "<+trigger.payload.ref>",
    ]);
    assert_eq!(finished.code, Some(64), "{}", everything(&finished));
    assert!(stub.asked().is_empty());
}

#[test]
fn an_unresolved_reference_is_never_everything() {
    let stub = ending("succeeded", 0);
    for reference in ["", "null", "<+trigger.payload.ref>"] {
        let finished = stub.run(&["mirror", "run", "app", "-r", reference]);
        assert_eq!(finished.code, Some(64), "{}", everything(&finished));
    }
    assert!(stub.asked().is_empty());
}

#[test]
fn waiting_exits_as_sync_does() {
    for (state, exit) in [("succeeded", 0), ("failed", 1), ("refused", 2), ("refused", 3)] {
        let stub = ending(state, exit);
        let finished = stub.run(&["mirror", "run", "app", "--wait"]);
        assert_eq!(finished.code, Some(exit.into()), "{}", everything(&finished));
        assert!(
            finished.stdout.contains(&format!("state:\t{state}\n")),
            "{}",
            finished.stdout
        );
        assert!(
            finished.stdout.contains("\trefs/heads/main\t"),
            "{}",
            finished.stdout
        );
    }
}

#[test]
fn of_several_runs_the_highest_exit_code_counts() {
    let other = "019a0b1c-2d3e-7000-8000-000000000002";
    let mut second = run("queued", None);
    second["id"] = json!(other);
    let mut ended = run("succeeded", Some(0));
    ended["id"] = json!(other);
    let stub = ending("refused", 2)
        .on(
            "GET /mirrors",
            Answer::json(200, &page(&[mirror("app"), mirror("web")])),
        )
        .on("POST /mirrors/web/runs", Answer::json(202, &second))
        .on(
            &format!("GET /runs/{other}/events"),
            Answer::events(&event("end", "1", &ended)),
        )
        .on(&format!("GET /runs/{other}/log"), Answer::json(200, &page(&[])));
    let finished = stub.run(&["mirror", "run", "--all", "--wait"]);
    assert_eq!(finished.code, Some(2), "{}", everything(&finished));
    assert_eq!(finished.stdout.lines().count(), 2, "{}", finished.stdout);
}

#[test]
fn a_cut_stream_is_resumed_and_nothing_is_told_twice() {
    let first = event("state", "0", &run("running", None)) + &event("log", "1", &log(1, "info", "one"));
    let second = event("log", "1", &log(1, "info", "one"))
        + &event("log", "2", &log(2, "info", "two"))
        + &event("end", "3", &run("succeeded", Some(0)));
    let stub = Stub::start()
        .on(
            &format!("GET /runs/{RUN}"),
            Answer::json(200, &run("running", None)),
        )
        .on(&format!("GET /runs/{RUN}/events"), Answer::events(&first))
        .on(&format!("GET /runs/{RUN}/events"), Answer::events(&second))
        .on(&format!("GET /runs/{RUN}/log"), Answer::json(200, &page(&[])))
        .on(
            &format!("GET /runs/{RUN}/references"),
            Answer::json(200, &page(&[])),
        );
    let finished = stub.run(&["run", "watch", RUN, "--exit-status"]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    for line in ["\tone\n", "\ttwo\n"] {
        assert_eq!(finished.stderr.matches(line).count(), 1, "{}", finished.stderr);
    }
    let streams: Vec<_> = stub
        .asked()
        .into_iter()
        .filter(|asked| asked.line.ends_with("/events"))
        .collect();
    let resumed: Vec<Option<&String>> = streams
        .iter()
        .map(|asked| asked.headers.get("last-event-id"))
        .collect();
    assert_eq!(resumed, [None, Some(&"1".to_owned())]);
}

#[test]
fn without_a_stream_the_run_is_asked_for_until_it_ends() {
    let stub = Stub::start()
        .on(
            &format!("GET /runs/{RUN}"),
            Answer::json(200, &run("running", None)),
        )
        .on(
            &format!("GET /runs/{RUN}"),
            Answer::json(200, &run("running", None)),
        )
        .on(
            &format!("GET /runs/{RUN}"),
            Answer::json(200, &run("failed", Some(1))),
        )
        .on(
            &format!("GET /runs/{RUN}/log"),
            Answer::json(200, &page(&[log(1, "error", "refused")])),
        )
        .on(
            &format!("GET /runs/{RUN}/references"),
            Answer::json(200, &page(&[])),
        );
    let finished = stub.run(&["run", "watch", RUN, "--exit-status"]);
    assert_eq!(finished.code, Some(1), "{}", everything(&finished));
    assert_eq!(
        finished.stderr.matches("\trefused\n").count(),
        1,
        "{}",
        finished.stderr
    );
}

#[test]
fn a_server_that_is_overloaded_for_a_moment_does_not_end_the_watching() {
    let stub = Stub::start()
        .on(
            &format!("GET /runs/{RUN}"),
            Answer::json(200, &run("running", None)),
        )
        .on(
            &format!("GET /runs/{RUN}/events"),
            Answer::problem(503, "overloaded", "busy"),
        )
        .on(
            &format!("GET /runs/{RUN}/events"),
            Answer::events(&event("end", "1", &run("succeeded", Some(0)))),
        )
        .on(&format!("GET /runs/{RUN}/log"), Answer::json(200, &page(&[])))
        .on(
            &format!("GET /runs/{RUN}/references"),
            Answer::json(200, &page(&[])),
        );
    let finished = stub.run(&["run", "watch", RUN]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
}
