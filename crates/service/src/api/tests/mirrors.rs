use super::*;

fn spec(name: &str) -> Value {
    json!({
        "name": name,
        "labels": {"team": "pay"},
        "source": "https://git.example.org/a/new.git",
        "target": {"url": "https://git.example.org/b/new.git", "credential": "here"},
    })
}

#[tokio::test]
async fn mirrors_are_listed_by_name_and_selected() {
    let bench = Bench::new().await;
    assert_eq!(bench.get("/mirrors").await.names("name"), ["app", "web"]);
    assert_eq!(
        bench.get("/mirrors?label=team%3Dpay").await.names("name"),
        ["app"]
    );
    assert_eq!(bench.get("/mirrors?search=WEB").await.names("name"), ["web"]);
    assert_eq!(
        bench.get("/mirrors?state=failed,paused").await.names("name"),
        [""; 0]
    );
    let page = bench.get("/mirrors?limit=1").await.expect(200);
    let next = page["next"].as_str().unwrap();
    assert_eq!(
        bench
            .get(&format!("/mirrors?limit=1&after={next}"))
            .await
            .names("name"),
        ["web"]
    );
    let app = bench.get("/mirrors/app").await.expect(200);
    assert_eq!(app["direction"], "two-way");
    assert_eq!(app["readOnly"], true);
    assert_eq!(app["source"]["credential"], "here");
    assert_eq!(app["source"]["hook"], "enabled");
    assert_eq!(app["spec"]["name"], "app");
    let web = bench.get("/mirrors/web").await.expect(200);
    assert_eq!(
        web["target"]["hook"],
        Value::Null,
        "a one-way mirror's target has no endpoint"
    );
    let sets = bench.get("/mirrors/app/input-sets").await;
    assert_eq!(sets.names("name"), ["forward", "reverse", "releases"]);
    assert_eq!(
        bench.get("/mirrors/web/input-sets").await.names("name"),
        ["forward"]
    );
}

#[tokio::test]
async fn a_mirror_is_made_changed_with_its_version_and_removed() {
    let bench = Bench::new().await;
    let made = bench.post("/mirrors", spec("new")).await.expect(201);
    assert_eq!(
        (&made["origin"], &made["readOnly"]),
        (&json!("api"), &json!(false))
    );
    bench.post("/mirrors", spec("new")).await.expect(409);
    bench.post("/mirrors", spec("app")).await.expect(409);
    let shown = bench.get("/mirrors/new").await;
    let tag = shown.headers["etag"].to_str().unwrap().to_owned();
    let mut wanted = shown.expect(200)["spec"].clone();
    wanted["description"] = json!("changed");
    let change = |tag: Option<String>, body: Value| {
        let request = Request::builder()
            .method(Method::PUT)
            .uri("/api/v1/mirrors/new")
            .header("authorization", format!("Bearer {}", bench.admin))
            .header("content-type", "application/json");
        let request = match tag {
            Some(tag) => request.header("if-match", tag),
            None => request,
        };
        bench.send(request.body(Body::from(body.to_string())).unwrap())
    };
    change(None, wanted.clone()).await.expect(428);
    change(Some("\"99\"".into()), wanted.clone()).await.expect(412);
    change(Some("*".into()), wanted.clone()).await.expect(412);
    change(Some(tag.clone()), spec("other")).await.expect(422);
    let changed = change(Some(tag.clone()), wanted.clone()).await;
    assert_ne!(changed.headers["etag"], tag.as_str());
    assert_eq!(changed.expect(200)["description"], "changed");
    change(Some(tag), wanted).await.expect(412);
    bench
        .ask(&bench.admin, Method::DELETE, "/mirrors/new", None)
        .await
        .expect(204);
    assert_eq!(bench.get("/mirrors").await.names("name"), ["app", "web"]);
    let audit = bench.get("/audit?subject=mirror%20new").await;
    assert_eq!(
        audit.names("action"),
        ["mirror.remove", "mirror.change", "mirror.create"]
    );
}

#[tokio::test]
async fn mirrors_of_the_file_are_read_only() {
    let bench = Bench::new().await;
    let problem = bench
        .ask(&bench.admin, Method::DELETE, "/mirrors/app", None)
        .await
        .expect(409);
    assert_eq!(problem["type"], "urn:refsync:read-only");
    assert!(
        problem["detail"].as_str().unwrap().contains("refsync.yaml:"),
        "{problem}"
    );
    bench
        .ask(&bench.admin, Method::PUT, "/mirrors/app", Some(spec("app")))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_mirror_over_the_api_holds_no_secret_path_or_command() {
    let bench = Bench::new().await;
    for (key, value) in [
        ("source", json!("/srv/git/a.git")),
        ("source", json!("file:///srv/git/a.git")),
        ("source", json!("https://user:hunter2@git.example.org/a.git")),
        (
            "target",
            json!({"url": "https://git.example.org/b.git", "credential": "none"}),
        ),
        (
            "target",
            json!({"url": "https://elsewhere.example/b.git", "credential": "here"}),
        ),
        ("name", json!("a/b")),
        ("token", json!("${command:id}")),
    ] {
        let mut wrong = spec("new");
        wrong[key] = value;
        let answer = bench.post("/mirrors", wrong).await;
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
        answer.expect(422);
    }
    assert_eq!(bench.get("/mirrors").await.names("name"), ["app", "web"]);
}

#[tokio::test]
async fn a_pause_says_who_and_ends() {
    let bench = Bench::new().await;
    let paused = bench.post("/mirrors/app/pause", json!({})).await.expect(200);
    assert_eq!(paused["state"], "paused");
    assert_eq!(paused["paused"]["by"], "Admin None");
    bench.post("/mirrors/app/pause", json!({})).await.expect(200);
    let resumed = bench.post("/mirrors/app/resume", json!({})).await.expect(200);
    assert_eq!(resumed["paused"], Value::Null);
    let audit = bench.get("/audit").await;
    assert_eq!(
        audit.names("action"),
        ["mirror.resume", "mirror.pause"],
        "pausing twice is no change"
    );
}

#[tokio::test]
async fn a_reload_takes_the_new_file_and_refuses_one_that_loses_too_many() {
    let bench = Bench::new().await;
    let path = bench.directory.path().join("refsync.yaml");
    let write = |mirrors: &str| std::fs::write(&path, file(&bench.directory, mirrors)).unwrap();
    let more = format!(
        "{MIRRORS}  - name: third\n    source: https://git.example.org/a/t.git\n    target: https://git.example.org/b/t.git\n"
    );
    write(&more);
    let reloaded = bench.post("/config/reload", json!({})).await.expect(200);
    assert_eq!(
        reloaded,
        json!({"added": ["third"], "removed": [], "changed": []})
    );
    let audit = bench.get("/audit").await.expect(200);
    let entry = &audit["items"][0];
    assert_eq!(entry["action"], "config.reload");
    assert_eq!(
        (&entry["before"]["mirrors"], &entry["after"]["mirrors"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(entry["after"]["definitions"][0]["name"], "third");
    write(" []\n");
    bench.post("/config/reload", json!({})).await.expect(409);
    std::fs::write(&path, "version: 1\nmirrorz: []\n").unwrap();
    let problem = bench.post("/config/reload", json!({})).await.expect(422);
    assert!(
        problem["detail"].as_str().unwrap().contains("mirrorz"),
        "{problem}"
    );
    assert_eq!(bench.get("/mirrors").await.names("name"), ["app", "third", "web"]);
    write(" []\n");
    bench
        .post("/config/reload", json!({"force": true}))
        .await
        .expect(200);
    assert_eq!(bench.get("/mirrors").await.names("name"), [""; 0]);
    assert_eq!(
        bench.get("/mirrors?parked=true").await.names("name"),
        ["app", "third", "web"]
    );
    let parked = bench.get("/mirrors/app").await.expect(200);
    assert_eq!(parked["state"], "parked");
    bench.post("/mirrors/app/runs", json!({})).await.expect(409);
}

#[tokio::test]
async fn endpoints_say_where_to_deliver() {
    let bench = Bench::new().await;
    let hooks = bench.get("/mirrors/app/hooks").await.expect(200);
    assert_eq!(hooks["items"].as_array().unwrap().len(), 2);
    assert!(
        hooks["items"][0]["url"]
            .as_str()
            .unwrap()
            .ends_with("/hooks/app/source")
    );
    assert_eq!(bench.get("/mirrors/web/hooks").await.names("side"), ["source"]);
}
