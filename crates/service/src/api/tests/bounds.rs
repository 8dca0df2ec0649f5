use super::*;

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let bench = Bench::new().await;
    for path in [
        "/",
        "/nothing",
        "/mirrors/none",
        "/mirrors/%ff",
        "/mirrors/a%2fb",
        "/runs/0192",
        "/deliveries/x",
        "/mirrors/none/references",
    ] {
        let problem = bench.get(path).await.expect(404);
        assert_eq!(problem["type"], "urn:refsync:not-found", "{path}");
    }
    let answer = bench.ask(&bench.admin, Method::DELETE, "/mirrors", None).await;
    assert!(answer.headers["allow"].to_str().unwrap().contains("GET"));
    assert_eq!(answer.expect(405)["type"], "urn:refsync:method-not-allowed");
}

#[tokio::test]
async fn bodies_have_bounds() {
    let bench = Bench::new().await;
    let send = |kind: &'static str, body: Vec<u8>| {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/mirrors/app/runs")
            .header("authorization", format!("Bearer {}", bench.admin))
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        bench.send(request)
    };
    send("application/json", vec![b' '; 1024 * 1024 + 1])
        .await
        .expect(413);
    send("application/json", "[".repeat(1_000).into_bytes())
        .await
        .expect(400);
    send("application/json", b"{\"dryRun\": tru".to_vec())
        .await
        .expect(400);
    send("application/json", b"\xff\xfe".to_vec()).await.expect(400);
    send("application/json", b"[]".to_vec()).await.expect(422);
    send("application/x-www-form-urlencoded", b"dryRun=true".to_vec())
        .await
        .expect(415);
    send("application/json; charset=utf-8", b"{\"dryRun\": true}".to_vec())
        .await
        .expect(202);
    let long = format!("/mirrors?search={}", "a".repeat(9_000));
    bench.get(&long).await.expect(414);
}

#[tokio::test]
async fn queries_that_make_no_sense_are_told() {
    let bench = Bench::new().await;
    for path in [
        "/mirrors?limit=0",
        "/mirrors?limit=501",
        "/mirrors?limit=x",
        "/mirrors?state=fine",
        "/mirrors?label=team",
        "/mirrors?colour=red",
        "/runs?state=done",
        "/runs?since=yesterday",
        "/mirrors/app/conflict",
        "/mirrors/app/conflict?reference=main",
    ] {
        let problem = bench.get(path).await.expect(422);
        assert_eq!(problem["type"], "urn:refsync:invalid", "{path}");
    }
    for path in [
        "/mirrors?after=x",
        "/runs?after=7b7d",
        "/mirrors/app/references?after=zz",
        "/audit?after=%00",
    ] {
        bench.get(path).await.expect(404);
    }
}

#[tokio::test]
async fn what_a_database_says_is_for_the_log_alone() {
    use axum::response::IntoResponse;
    for error in [
        store::StoreError::Database("sqlite: /srv/hunter2.db".into()),
        store::StoreError::Unusable("the disk of hunter2 is full".into()),
        store::StoreError::Busy("hunter2".into()),
    ] {
        let response = crate::api::refusal::Refusal::from(error).into_response();
        assert!(response.status().is_server_error());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"));
    }
}

#[tokio::test]
async fn a_list_is_no_object_at_any_depth() {
    let bench = Bench::new().await;
    let side = "https://git.example.org/a/new.git";
    let whole = json!({"name": "new", "source": side, "target": side.replace("/a/", "/b/")});
    let trigger = json!({"reference": "x", "signature": ["X-Signature"]});
    for (key, value, path) in [
        ("guard", json!([1, 2]), "guard"),
        ("guard", json!([]), "guard"),
        ("timeouts", json!([]), "timeouts"),
        ("labels", json!([]), "labels"),
        ("syncDelete", json!([true, false]), "syncDelete"),
        ("source", json!([side]), "source"),
        ("source", json!({"url": side, "trigger": ["x"]}), "source.trigger"),
        (
            "source",
            json!({"url": side, "trigger": trigger}),
            "source.trigger.signature",
        ),
        ("inputSets", json!([{"name": "a"}, ["b"]]), "inputSets[1]"),
    ] {
        let mut body = whole.clone();
        body[key] = value;
        let problem = bench.post("/mirrors", body).await.expect(422);
        assert_eq!(problem["errors"][0]["path"], path, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("{path}: found a list, expected ")),
            "{detail}"
        );
    }
    let shown = json!({"reference": "refs/heads/main", "take": "source", "shown": ["a", "b"]});
    let problem = bench.post("/mirrors/app/resolve", shown).await.expect(422);
    assert_eq!(problem["detail"], "shown: found a list, expected an object");
    bench.post("/mirrors", whole).await.expect(201);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_told_by_its_path_and_not_repeated() {
    let bench = Bench::new().await;
    let side = "https://git.example.org/a/new.git";
    for (key, value, detail) in [
        ("name", json!(31_337), "name: found a number, expected a text"),
        ("name", json!(null), "name: found null, expected a text"),
        (
            "atomic",
            json!("hunter2"),
            "atomic: found a text, expected true or false",
        ),
        (
            "references",
            json!(["a", {}]),
            "references[1]: found an object, expected a text",
        ),
        (
            "source",
            json!({"credential": "hunter2"}),
            "source.url: it is missing",
        ),
        (
            "guard",
            json!({"references": -31_337}),
            "guard.references: found a negative number, expected a whole",
        ),
        (
            "guard",
            json!({"percents": 1}),
            "guard.percents: there is no such key, did you mean `percent`?",
        ),
        (
            "force",
            json!("hunter2"),
            "force: found another word; allowed: lease, always, never",
        ),
        (
            "force",
            json!({"lease": null}),
            "force: found an object, expected one of lease, always, never",
        ),
        (
            "labels",
            json!({"team": 1}),
            "labels.team: found a number, expected a text",
        ),
    ] {
        let mut body = json!({"name": "new", "source": side, "target": side});
        body[key] = value;
        let answer = bench.post("/mirrors", body).await;
        assert!(
            !answer.text.contains("hunter2") && !answer.text.contains("31337"),
            "{}",
            answer.text
        );
        let problem = answer.expect(422);
        assert!(
            problem["detail"].as_str().unwrap().starts_with(detail),
            "{problem}"
        );
    }
    let problem = bench
        .post("/mirrors/app/runs", json!({"dryRun": null}))
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["path"], "dryRun");
}
