use super::*;

/// A token of team `core` sees `web` alone.
#[expect(clippy::too_many_lines, reason = "one list of all that must not be seen")]
#[tokio::test]
async fn who_is_limited_to_a_label_never_sees_others() {
    let bench = Bench::new().await;
    let hidden = bench
        .ran(
            "app",
            State::Refused,
            vec![replaced("main")],
            vec![waiting("main", Why::Conflict)],
        )
        .await;
    let own = bench
        .ran(
            "web",
            State::Refused,
            vec![],
            vec![waiting("main", Why::Conflict)],
        )
        .await;
    assert_eq!(
        bench.get("/runs?label=team%3Dcore").await.names("id"),
        std::slice::from_ref(&own.id)
    );
    assert_eq!(
        bench.get("/conflicts?label=team%3Dcore").await.names("mirror"),
        ["web"]
    );
    bench.get("/runs?label=team").await.expect(422);
    bench.post("/mirrors/app/pause", json!({})).await.expect(200);
    bench
        .app
        .store
        .raise("c", "failure", "app fails", "app", Time::now())
        .await
        .unwrap();
    let core = bench.token(Role::Admin, Some(("team", "core"))).await;
    let get = |path: &str| {
        let path = path.to_owned();
        let (bench, core) = (&bench, &core);
        async move { bench.ask(core, Method::GET, &path, None).await }
    };
    assert_eq!(get("/mirrors").await.names("name"), ["web"]);
    assert_eq!(get("/mirrors?label=team%3Dpay").await.names("name"), [""; 0]);
    assert_eq!(get("/runs").await.names("id"), std::slice::from_ref(&own.id));
    assert_eq!(get("/conflicts").await.names("mirror"), ["web"]);
    assert_eq!(get("/runs?label=team%3Dpay").await.names("id"), [""; 0]);
    assert_eq!(get("/conflicts?label=team%3Dpay").await.names("mirror"), [""; 0]);
    assert!(
        get("/audit")
            .await
            .names("subject")
            .iter()
            .all(|subject| subject == "mirror web")
    );
    let overview = get("").await.expect(200);
    assert_eq!(overview["mirrors"]["paused"], 0);
    assert_eq!(
        overview["mirrors"]
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_u64)
            .sum::<u64>(),
        1
    );
    assert_eq!(overview["notices"], json!([]));
    for path in [
        "/mirrors/app",
        "/mirrors/app/references",
        "/mirrors/app/diff",
        "/mirrors/app/hooks",
        "/mirrors/app/input-sets",
        "/runs?mirror=app",
        "/conflicts?mirror=app",
        "/deliveries?mirror=app",
    ] {
        let answer = get(path).await;
        let none = get(&path.replace("app", "non")).await;
        assert_eq!(
            answer.text.replace("app", "non"),
            none.text,
            "as if it did not exist"
        );
        answer.expect(404);
    }
    for part in ["", "/references", "/log", "/events"] {
        get(&format!("/runs/{}{part}", hidden.id)).await.expect(404);
    }
    for path in ["/mirrors/app/runs", "/mirrors/app/pause", "/mirrors/app/check"] {
        bench
            .ask(&core, Method::POST, path, Some(json!({})))
            .await
            .expect(404);
    }
    for action in ["undo", "rerun", "cancel", "approve"] {
        bench
            .ask(
                &core,
                Method::POST,
                &format!("/runs/{}/{action}", hidden.id),
                None,
            )
            .await
            .expect(404);
    }
}

#[tokio::test]
async fn who_is_limited_to_a_label_does_not_get_rid_of_it() {
    let bench = Bench::new().await;
    let core = bench.token(Role::Admin, Some(("team", "core"))).await;
    let ask = |method: Method, path: &str, body: Value| {
        let path = path.to_owned();
        let (bench, core) = (&bench, &core);
        async move { bench.ask(core, method, &path, Some(body)).await }
    };
    ask(Method::GET, "/tokens", json!({})).await.expect(403);
    ask(Method::POST, "/tokens", json!({"name": "x", "role": "admin"}))
        .await
        .expect(403);
    ask(Method::POST, "/config/reload", json!({})).await.expect(403);
    let urls =
        json!({"sourceUrl": "https://git.example.org/a.git", "targetUrl": "https://git.example.org/b.git"});
    ask(Method::POST, "/runs", urls).await.expect(403);
    let mut spec = json!({"name": "new", "source": "https://git.example.org/a/n.git", "target": "https://git.example.org/b/n.git"});
    ask(Method::POST, "/mirrors", spec.clone()).await.expect(422);
    spec["labels"] = json!({"team": "core"});
    ask(Method::POST, "/mirrors", spec).await.expect(201);
}

/// The credential of the others may read what the others alone may see.
#[tokio::test]
async fn who_is_limited_to_a_label_uses_only_the_credentials_of_its_mirrors() {
    let bench = Bench::new().await;
    let none = bench.token(Role::Admin, Some(("team", "new"))).await;
    let core = bench.token(Role::Admin, Some(("team", "core"))).await;
    let spec = |team: &str| {
        json!({
            "name": "copy",
            "labels": {"team": team},
            "source": "https://git.example.org/a/app.git",
            "target": {"url": "https://git.example.org/b/copy.git", "credential": "here"},
        })
    };
    let refused = bench
        .ask(&none, Method::POST, "/mirrors", Some(spec("new")))
        .await;
    let problem = refused.expect(422);
    let errors = problem["errors"].as_array().unwrap();
    let paths: Vec<&str> = errors
        .iter()
        .map(|error| error["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["source", "target"]);
    let told = errors[0]["message"].as_str().unwrap();
    assert!(told.contains("team: new") && !told.contains("here"), "{told}");
    bench
        .ask(&core, Method::POST, "/mirrors", Some(spec("core")))
        .await
        .expect(201);
}
