use super::*;

fn plain(header: Option<&str>) -> Request {
    let request = Request::builder().uri("/api/v1/mirrors");
    let request = match header {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_told() {
    let bench = Bench::new().await;
    for header in [
        None,
        Some("Bearer"),
        Some("Bearer "),
        Some("Basic cmVmc3luYw=="),
        Some("Bearer refsync_wrong"),
    ] {
        let answer = bench.send(plain(header)).await;
        assert_eq!(
            answer.headers["www-authenticate"], "Bearer realm=\"refsync\"",
            "{header:?}"
        );
        assert_eq!(answer.expect(401)["type"], "urn:refsync:unauthorized");
    }
    let unknown = bench
        .ask("refsync_wrong", Method::GET, "/no/such/path", None)
        .await;
    unknown.expect(401);
}

#[tokio::test]
async fn a_token_that_was_revoked_or_has_expired_is_wrong() {
    let bench = Bench::new().await;
    let id = bench.get("").await.expect(200)["token"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let now = Time::now();
    let short = bench.app.store.make_token(
        "short",
        Role::Read,
        None,
        Some(now + Duration::from_millis(1)),
        now,
    );
    let short = short.await.unwrap().1;
    testkit::until("the token has expired", Duration::from_secs(5), || {
        Time::now() > now + Duration::from_millis(5)
    });
    bench
        .ask(short.expose_secret(), Method::GET, "", None)
        .await
        .expect(401);
    bench
        .ask(&bench.admin, Method::DELETE, &format!("/tokens/{id}"), None)
        .await
        .expect(204);
    bench.get("").await.expect(401);
}

#[tokio::test]
async fn roles_may_what_they_say() {
    let bench = Bench::new().await;
    let read = bench.token(Role::Read, None).await;
    let operate = bench.token(Role::Operate, None).await;
    let spec = json!({"name": "new", "source": "https://git.example.org/a/n.git", "target": "https://git.example.org/b/n.git"});
    let cases = [
        (Method::GET, "/mirrors", None, 200, 200),
        (Method::POST, "/mirrors/app/runs", Some(json!({})), 403, 202),
        (Method::POST, "/mirrors/app/pause", None, 403, 200),
        (Method::POST, "/mirrors", Some(spec), 403, 403),
        (Method::GET, "/tokens", None, 403, 403),
        (Method::GET, "/audit", None, 403, 403),
        (Method::POST, "/config/reload", None, 403, 403),
    ];
    for (method, path, body, as_read, as_operate) in cases {
        bench
            .ask(&read, method.clone(), path, body.clone())
            .await
            .expect(as_read);
        bench.ask(&operate, method, path, body).await.expect(as_operate);
    }
}

#[tokio::test]
async fn tokens_are_made_shown_without_their_text_and_revoked() {
    let bench = Bench::new().await;
    let made = bench
        .post(
            "/tokens",
            json!({"name": "ci", "role": "operate", "label": "team=pay"}),
        )
        .await
        .expect(201);
    let text = made["text"].as_str().unwrap();
    assert!(text.starts_with("refsync_") && text.len() == 51, "{text}");
    let listed = bench.get("/tokens").await;
    assert!(!listed.text.contains(text));
    assert_eq!(listed.names("name"), ["Admin None", "ci"]);
    bench.ask(text, Method::GET, "/mirrors", None).await.expect(200);
    let id = made["token"]["id"].as_str().unwrap();
    let revoke = format!("/tokens/{id}");
    bench
        .ask(&bench.admin, Method::DELETE, &revoke, None)
        .await
        .expect(204);
    bench
        .ask(&bench.admin, Method::DELETE, &revoke, None)
        .await
        .expect(409);
    bench
        .ask(&bench.admin, Method::DELETE, "/tokens/none", None)
        .await
        .expect(404);
    bench.ask(text, Method::GET, "/mirrors", None).await.expect(401);
    for wrong in [
        json!({"name": "", "role": "read"}),
        json!({"name": "a\u{7}", "role": "read"}),
        json!({"name": "a", "role": "root"}),
        json!({"name": "a", "role": "read", "label": "team"}),
        json!({"name": "a", "role": "read", "expiresAt": "2001-01-01T00:00:00Z"}),
        json!({"name": "a", "role": "read", "admin": true}),
    ] {
        bench.post("/tokens", wrong).await.expect(422);
    }
    let actions = bench.get("/audit").await;
    assert!(!actions.text.contains(text));
    assert_eq!(actions.names("action"), ["token.revoke", "token.create"]);
}

#[tokio::test]
async fn who_tries_wrong_tokens_waits_and_who_was_right_before_does_not() {
    let bench = Bench::new().await;
    bench.get("").await.expect(200);
    for _ in 0..10 {
        bench
            .ask("refsync_wrong", Method::GET, "", None)
            .await
            .expect(401);
    }
    let answer = bench.ask("refsync_other", Method::GET, "", None).await;
    assert!(answer.headers.contains_key("retry-after"));
    answer.expect(429);
    bench.get("").await.expect(200);
    let fresh = bench.token(Role::Read, None).await;
    bench.ask(&fresh, Method::GET, "", None).await.expect(429);
}

#[tokio::test]
async fn one_client_asks_so_often_and_no_more() {
    let bench = Bench::new().await;
    let mut refused = 0;
    for _ in 0..1_000 {
        let answer = bench.get("/no-such-path").await;
        match answer.status.as_u16() {
            404 => {}
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused > 0, "100 a second are allowed, and 1,000 were asked");
    let other = bench.token(Role::Read, None).await;
    bench.ask(&other, Method::GET, "", None).await.expect(200);
}

#[tokio::test]
async fn the_first_token_is_in_a_file_that_its_owner_alone_reads() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new().await;
    let file = bench.directory.path().join("refsync.db.admin-token");
    let url: secrecy::SecretString =
        format!("sqlite:{}", bench.directory.path().join("refsync.db").display()).into();
    crate::api::first_token(&bench.app, &url).await.unwrap();
    assert!(!file.exists(), "there is an admin already");
    for token in bench.app.store.tokens().await.unwrap() {
        bench
            .app
            .store
            .revoke_token(&token.id, Time::now())
            .await
            .unwrap();
    }
    crate::api::first_token(&bench.app, &url).await.unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    bench
        .ask(text.trim(), Method::GET, "/tokens", None)
        .await
        .expect(200);
}
