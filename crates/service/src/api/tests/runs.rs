use super::*;

#[tokio::test]
async fn a_run_by_hand_is_queued_with_its_inputs() {
    let bench = Bench::new().await;
    let given = json!({"inputSet": "releases", "reverse": true, "dryRun": true, "force": "never"});
    let run = bench.post("/mirrors/app/runs", given).await.expect(202);
    assert_eq!(
        (&run["state"], &run["trigger"], &run["actor"]),
        (&json!("queued"), &json!("person"), &json!("Admin None"))
    );
    let inputs = &run["inputs"];
    assert_eq!(inputs["references"], json!(["refs/heads/release/*"]));
    assert_eq!(
        (&inputs["syncDelete"], &inputs["reverse"], &inputs["dryRun"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(inputs["sourceCredential"], "here");
    let id = run["id"].as_str().unwrap();
    assert_eq!(bench.get(&format!("/runs/{id}")).await.expect(200), run);
    assert_eq!(bench.get(&format!("/runs/{}", &id[..30])).await.expect(200), run);
    assert_eq!(bench.get("/runs?mirror=app&state=queued").await.names("id"), [id]);
    assert_eq!(bench.get("/runs?mirror=web").await.names("id"), [""; 0]);
    let cancelled = bench
        .post(&format!("/runs/{id}/cancel"), json!({}))
        .await
        .expect(200);
    assert_eq!(cancelled["state"], "cancelled");
    bench
        .post(&format!("/runs/{id}/cancel"), json!({}))
        .await
        .expect(409);
    let audit = bench.get("/audit?subject=mirror%20app").await;
    assert_eq!(audit.names("action"), ["run.cancel", "run.create"]);
}

#[tokio::test]
async fn what_is_unresolved_or_empty_is_never_everything() {
    let bench = Bench::new().await;
    for wrong in [
        json!({"references": []}),
        json!({"references": [""]}),
        json!({"references": null}),
        json!({"references": ["null"]}),
        json!({"references": ["refs/heads/<+trigger.branch>"]}),
        json!({"references": ["main"]}),
        json!({"references": ["refs/pull/1/head"]}),
        json!({"references": ["refs/heads/main"], "referenceShaOld": "<+trigger.payload.before>"}),
        json!({"references": ["refs/heads/main"], "referenceShaOld": "1234"}),
        json!({"references": ["refs/heads/*"], "referenceShaOld": "a".repeat(40)}),
        json!({"referenceShaOld": "a".repeat(40)}),
        json!({"inputSet": "none"}),
        json!({"inputSet": null}),
        json!({"force": "always"}),
        json!({"syncdelete": true}),
    ] {
        let answer = bench.post("/mirrors/app/runs", wrong.clone()).await;
        assert_eq!(answer.status.as_u16(), 422, "{wrong}: {}", answer.text);
    }
    let reverse = bench
        .post("/mirrors/web/runs", json!({"reverse": true}))
        .await
        .expect(422);
    assert_eq!(reverse["errors"][0]["path"], "reverse");
    assert_eq!(bench.get("/runs").await.names("id"), [""; 0]);
    for (old, kept) in [
        (json!(""), Value::Null),
        (json!("null"), Value::Null),
        (Value::Null, Value::Null),
        (json!("0".repeat(40)), json!("0".repeat(40))),
    ] {
        let run = bench
            .post(
                "/mirrors/app/runs",
                json!({"references": ["refs/heads/main"], "referenceShaOld": old}),
            )
            .await
            .expect(202);
        assert_eq!(run["inputs"]["referenceShaOld"], kept);
    }
}

#[tokio::test]
async fn a_one_off_run_reaches_only_hosts_that_are_known() {
    let bench = Bench::new().await;
    let ask =
        |source: &str, target: &str| bench.post("/runs", json!({"sourceUrl": source, "targetUrl": target}));
    let fine = "https://git.example.org/x/y.git";
    let run = ask(fine, "https://git.example.org/x/z.git").await.expect(202);
    assert_eq!(
        (&run["mirror"], &run["inputs"]["targetCredential"]),
        (&Value::Null, &json!("here"))
    );
    for wrong in [
        "https://elsewhere.example/x.git",
        "http://127.0.0.1/x.git",
        "/etc",
        "file:///etc",
        "https://a:b@git.example.org/x.git",
        "",
        "<+pipeline.url>",
        "git://git.example.org/x.git",
    ] {
        ask(fine, wrong).await.expect(422);
    }
    let body = json!({"sourceUrl": fine, "targetUrl": "https://elsewhere.example/x.git", "targetCredential": "here"});
    let problem = bench.post("/runs", body).await.expect(422);
    assert_eq!(
        problem["errors"][0]["path"], "targetCredential",
        "a credential goes only to its host"
    );
    let body = json!({"sourceUrl": fine, "targetUrl": fine, "references": null});
    bench.post("/runs", body).await.expect(422);
}

#[tokio::test]
async fn no_token_goes_over_plain_http_because_somebody_asked_over_the_api() {
    let bench = Bench::with(
        "
  - {name: app, source: 'http://git.example.org/a/app.git', target: 'https://git.example.org/b/app.git'}
",
    )
    .await;
    let (https, http) = ("https://git.example.org/x.git", "http://git.example.org:80/y.git");
    let runs =
        |source: &str, target: &str| bench.post("/runs", json!({"sourceUrl": source, "targetUrl": target}));
    let problem = runs(https, http).await.expect(422);
    assert_eq!(problem["errors"][0]["path"], "targetUrl");
    let message = problem["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("`allowHttp: true`"), "{message}");
    let made = |source: &str| {
        bench.post(
            "/mirrors",
            json!({"name": "made", "source": source, "target": https}),
        )
    };
    let problem = made(http).await.expect(422);
    assert_eq!(problem["errors"][0]["path"], "source");
    // Who writes the file may do as they like, and say so.
    let config = &bench.app.loaded().config;
    assert!(config.mirrors.contains_key("app") && config.warnings.len() == 1);
    let file = bench.directory.path().join("refsync.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("provider: gitea", "provider: gitea\n    allowHttp: true"),
    )
    .unwrap();
    bench.post("/config/reload", json!({})).await.expect(200);
    assert!(bench.app.loaded().config.warnings.is_empty());
    runs(https, http).await.expect(202);
    made(http).await.expect(201);
}

#[tokio::test]
async fn a_finished_run_is_shown_repeated_and_undone() {
    let bench = Bench::new().await;
    let run = bench
        .ran(
            "app",
            State::Succeeded,
            vec![replaced("main"), replaced("side")],
            vec![],
        )
        .await;
    let path = format!("/runs/{}", run.id);
    assert_eq!(bench.get(&path).await.expect(200)["state"], "succeeded");
    assert_eq!(
        bench.get(&format!("{path}/references")).await.names("name"),
        ["refs/heads/main", "refs/heads/side"]
    );
    let log = bench.get(&format!("{path}/log?limit=1")).await.expect(200);
    assert_eq!(
        (&log["items"][0]["text"], &log["next"]),
        (&json!("looking"), &json!("1"))
    );
    assert_eq!(
        bench.get(&format!("{path}/log?after=1")).await.names("text"),
        ["done"]
    );
    let again = bench.post(&format!("{path}/rerun"), json!({})).await.expect(202);
    assert_eq!(
        (&again["trigger"], &again["of"], &again["attempt"]),
        (&json!("rerun"), &json!(run.id), &json!(2))
    );
    let undo = bench.post(&format!("{path}/undo"), json!({})).await.expect(202);
    assert_eq!(undo["inputs"]["order"], json!({"kind": "undo", "run": run.id}));
    bench
        .post(&format!("{path}/approve"), json!({}))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_held_run_is_approved_and_one_that_replaced_nothing_is_not_undone() {
    let bench = Bench::new().await;
    let run = bench
        .ran("app", State::Held, vec![held("gone")], vec![stands_held("gone")])
        .await;
    bench
        .post(&format!("/runs/{}/undo", run.id), json!({}))
        .await
        .expect(409);
    let approved = bench
        .post(&format!("/runs/{}/approve", run.id), json!({}))
        .await
        .expect(202);
    assert_eq!(
        approved["inputs"]["order"],
        json!({"kind": "approve", "run": run.id})
    );
    let id = approved["id"].as_str().unwrap();
    bench
        .post(&format!("/runs/{id}/rerun"), json!({}))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_run_is_approved_for_what_it_shows_and_nothing_else() {
    let bench = Bench::new().await;
    let ran = async |references: &[RunRef], waits: Vec<Standing>| {
        bench.ran("app", State::Held, references.to_vec(), waits).await.id
    };
    let approve = async |id: &str| bench.post(&format!("/runs/{id}/approve"), json!({})).await;
    let approved = async |id: &str| {
        let run = approve(id).await.expect(202);
        // It is not made here.
        let cancel = format!("/runs/{}/cancel", run["id"].as_str().unwrap());
        bench.post(&cancel, json!({})).await.expect(200);
        run["inputs"]["order"]["run"].clone()
    };
    let met = |short: &str| RunRef {
        outcome: "standing".into(),
        ..held(short)
    };
    let first = ran(&[held("a"), held("b")], vec![stands_held("a"), stands_held("b")]).await;
    // It shows one of the two, and would release both.
    let part = ran(&[met("a")], vec![]).await;
    let refused = approve(&part).await.expect(409).to_string();
    assert!(refused.contains(&first), "{refused}");

    // Asked for by hand for one of them, with the same values: they wait under the first still.
    let subset = ran(&[held("a")], vec![]).await;
    assert_eq!(approved(&subset).await, subset);
    // By hand in the other direction.
    let turned = RunRef {
        to: Side::Source,
        old: None,
        new: Some(oid('a')),
        ..held("a")
    };
    let turned = ran(&[turned], vec![]).await;
    assert_eq!(approved(&turned).await, turned);

    // With other values it waits under a later one, which whoever looks at an earlier one was not shown.
    let other = |short: &str| RunRef {
        old: Some(oid('b')),
        ..held(short)
    };
    let stands = |short: &str| Standing {
        seen: Both {
            source: None,
            target: Some(oid('b')),
        },
        ..stands_held(short)
    };
    let newer = ran(&[other("a"), other("b")], vec![stands("a"), stands("b")]).await;
    for earlier in [&first, &subset, &turned] {
        let moved = approve(earlier).await.expect(409).to_string();
        assert!(moved.contains(&newer), "{moved}");
    }
    assert_eq!(approved(&newer).await, newer);
}
