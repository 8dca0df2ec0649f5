//! Endpoints over a real database, asked as hosts ask.

mod burst;
mod explained;
mod registered;
mod scene;

use std::collections::BTreeMap;

use axum::body::Body;
use engine::decide::{Moved, OldValue};
use engine::side::Side;
use gitwire::RefName;
use http::{Request, StatusCode};
use store::Time;
use store::queue::Due;

use super::{RedeliverError, endpoints, redeliver};
use crate::api::model::hook::HookState;
use scene::{A, Answered, B, OLD_SECRET, SECRET, Scene, push, signed, signed_as};

fn name(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

fn post(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .header("x-github-event", "push")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn a_push_is_written_down_with_its_values_before_it_is_answered() {
    let scene = Scene::new().await;
    let answered = scene
        .push("/hooks/app/source", "acme/app", "refs/heads/main", A, B)
        .await;
    assert_eq!(answered.status, StatusCode::ACCEPTED, "{answered:?}");
    assert_eq!(answered.references(), ["app refs/heads/main queued"]);
    let kept = scene.kept().await;
    assert_eq!(kept.len(), 1);
    assert_eq!(answered.body["delivery"], kept[0].id);
    assert_eq!(kept[0].disposition, answered.body.to_string());
    assert_eq!((kept[0].status, kept[0].provider.as_str()), (202, "github"));
    let dues = scene.dues("app").await;
    let moved = Moved {
        old: OldValue::At(gitwire::parse_oid(A.as_bytes()).unwrap()),
        new: Some(gitwire::parse_oid(B.as_bytes()).unwrap()),
    };
    assert_eq!(dues.names[&name("refs/heads/main")].events.source, [moved]);
    assert_eq!(dues.deliveries, [kept[0].id.clone()]);
}

#[tokio::test]
async fn what_is_due_already_is_coalesced_and_what_is_not_covered_is_said_so() {
    let scene = Scene::new().await;
    let path = "/hooks/app-two/source";
    let first = scene.push(path, "acme/app", "refs/tags/v1", A, B).await;
    assert_eq!(first.references(), ["app-two refs/tags/v1 queued"]);
    let second = scene.push(path, "acme/app", "refs/tags/v1", B, A).await;
    assert_eq!(second.references(), ["app-two refs/tags/v1 coalesced"]);
    let other = scene.push(path, "acme/app", "refs/heads/main", A, B).await;
    assert_eq!(other.references(), ["app-two refs/heads/main out of scope"]);
    assert_eq!(other.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_secret_that_the_host_repeats_is_not_kept() {
    let scene = Scene::new().await;
    let body = push("acme/app", "refs/heads/main", A, B);
    let body = body.replacen(
        '{',
        &format!(
            "{{\"hook\": {{\"secret\": \"{OLD_SECRET}\", \"url\": \"https://h.example/?s={SECRET}\"}}, "
        ),
        1,
    );
    let mut request = signed("/hooks/app/source", "push", SECRET, &body);
    // All of it but the end is within what is kept of a header.
    let agent = format!("{}{SECRET}", "x".repeat(1_001 - SECRET.len()));
    request.headers_mut().insert("user-agent", agent.parse().unwrap());
    let answered = scene.send(request).await;
    assert_eq!(
        answered.references(),
        ["app refs/heads/main queued"],
        "{answered:?}"
    );
    let malformed = format!("{{\"secret\": \"{SECRET}\"");
    let refused = scene
        .send(signed("/hooks/app/source", "push", SECRET, &malformed))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    // Nobody waits for a refused one to be kept.
    let start = std::time::Instant::now();
    let kept = loop {
        let kept = scene.kept().await;
        if kept.len() == 2 {
            break kept;
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{kept:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    for delivery in &kept {
        let whole = scene.app.store.delivery(&delivery.id).await.unwrap();
        let text = String::from_utf8_lossy(&whole.body).into_owned();
        assert!(
            text.contains("***") && !text.contains(SECRET) && !text.contains(OLD_SECRET),
            "{text}"
        );
        assert!(!whole.headers.contains("canary"), "{}", whole.headers);
    }
    // What is kept means the same when it is taken once more.
    let push = kept.iter().find(|one| one.status == 202).unwrap();
    assert!(push.headers.contains("xxx*"), "{}", push.headers);
    let again = redeliver(&scene.app, &push.id, "somebody").await.unwrap();
    assert_eq!(again.status, 202, "{again:?}");
}

#[tokio::test]
async fn any_of_several_secrets_signs_and_nothing_else_does() {
    let scene = Scene::new().await;
    let body = push("acme/app", "refs/heads/main", A, B);
    let path = "/hooks/app/source";
    for secret in [SECRET, OLD_SECRET] {
        let answered = scene.send(signed(path, "push", secret, &body)).await;
        assert_eq!(answered.status, StatusCode::ACCEPTED);
    }
    let wrong = scene.send(signed(path, "push", "other", &body)).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let missing = scene.send(post(path, &body)).await;
    assert_eq!(missing.status, StatusCode::UNAUTHORIZED);
    assert!(missing.detail().contains("no signature"), "{missing:?}");
    let mut empty = post(path, &body);
    empty
        .headers_mut()
        .insert("x-hub-signature-256", "sha256=".parse().unwrap());
    let empty = scene.send(empty).await;
    assert_eq!(empty.status, StatusCode::UNAUTHORIZED);
    assert!(empty.detail().contains("empty"), "{empty:?}");
}

#[tokio::test]
async fn what_hosts_get_wrong_is_told_in_statuses_they_understand() {
    let scene = Scene::new().await;
    let path = "/hooks/app/source";
    let ping = scene.send(signed(path, "ping", SECRET, r#"{"zen":"x"}"#)).await;
    assert_eq!(
        (ping.status, ping.body["disposition"].as_str()),
        (StatusCode::OK, Some("ping"))
    );
    let ignored = scene.send(signed(path, "issues", SECRET, "{}")).await;
    assert_eq!(ignored.status, StatusCode::ACCEPTED);
    assert_eq!(ignored.body["disposition"], "ignored event");
    let malformed = scene.send(signed(path, "push", SECRET, "{}")).await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST);
    assert!(malformed.detail().contains("ref is missing"), "{malformed:?}");
    let mut form = signed(path, "push", SECRET, "payload=%7B%7D");
    form.headers_mut().insert(
        "content-type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    let form = scene.send(form).await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(form.detail().contains("set the content type to application/json"));
    let get = Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(scene.send(get).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn endpoints_that_are_not_there_or_have_no_secret_say_so() {
    let scene = Scene::new().await;
    let body = push("acme/app", "refs/heads/main", A, B);
    let ask = async |path: &str| scene.send(signed(path, "push", SECRET, &body)).await;
    for path in [
        "/hooks/nobody/source",
        "/hooks/app/target",
        "/hooks/app/sideways",
        "/hooks/host/nobody",
    ] {
        assert_eq!(ask(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(ask("/hooks/app/target").await.detail().contains("one-way"));
    for path in [
        "/hooks",
        "/hooks/",
        "/hooks/app",
        "/hooks/app/",
        "/hooks/app/source/",
        "/hooks/app/source/more",
        "/hooks/%ff/source",
        "/hooks/host/%ff",
    ] {
        let nowhere = ask(path).await;
        assert_eq!(nowhere.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            nowhere.detail().starts_with("no webhook is taken"),
            "{path}: {nowhere:?}"
        );
    }
    let lone = ask("/hooks/lone/source").await;
    assert_eq!(lone.status, StatusCode::FORBIDDEN);
    assert!(
        lone.detail()
            .contains("set webhookSecret of the credential `lone`"),
        "{lone:?}"
    );
    assert_eq!(ask("/hooks/quiet/source").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_with_and_without_a_length() {
    let scene = Scene::with(
        "{version: 1, limits: {hookBytes: 1024}, credentials: {forge: {host: forge.example, provider: github, webhookSecret: '${file:new}'}}, \
         mirrors: [{name: app, source: 'https://forge.example/acme/app.git', target: 'https://mirror.example/app.git'}]}",
    )
    .await;
    let large = " ".repeat(1_025);
    let told = signed("/hooks/app/source", "push", SECRET, &large);
    assert_eq!(scene.send(told).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let (parts, _) = signed("/hooks/app/source", "push", SECRET, &large).into_parts();
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>(large.clone()), Ok(large)]);
    let untold = Request::from_parts(parts, Body::from_stream(pieces));
    assert_eq!(scene.send(untold).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_redelivery_with_a_known_id_is_noted_and_queued_all_the_same() {
    let scene = Scene::new().await;
    let body = push("acme/app", "refs/heads/main", A, B);
    let send = async || {
        scene
            .send(signed_as("/hooks/app/source", "push", SECRET, &body, "the-id"))
            .await
    };
    let first = send().await;
    assert_eq!(first.body["repeats"], serde_json::Value::Null);
    scene.settle("app", BTreeMap::new()).await;
    let second = send().await;
    assert_eq!(second.body["repeats"], first.body["delivery"]);
    assert_eq!(second.references(), ["app refs/heads/main queued"]);
}

#[tokio::test]
async fn a_hosts_endpoint_finds_the_mirrors_by_the_repository() {
    let scene = Scene::new().await;
    let path = "/hooks/host/forge";
    let tag = scene.push(path, "acme/APP", "refs/tags/v1", A, B).await;
    assert_eq!(
        tag.references(),
        ["app refs/tags/v1 queued", "app-two refs/tags/v1 queued"]
    );
    let branch = scene.push(path, "acme/app", "refs/heads/main", A, B).await;
    assert_eq!(
        branch.references(),
        [
            "app refs/heads/main queued",
            "app-two refs/heads/main out of scope"
        ]
    );
    let none = scene.push(path, "acme/other", "refs/heads/main", A, B).await;
    assert_eq!(
        (none.status, none.references()),
        (
            StatusCode::ACCEPTED,
            vec!["- refs/heads/main no mirror".to_owned()]
        )
    );
    let quiet = scene.push(path, "acme/quiet", "refs/heads/main", A, B).await;
    assert_eq!(quiet.references(), ["quiet refs/heads/main ignored event"]);
    let kept = scene.kept().await;
    assert_eq!(kept[0].credential.as_deref(), Some("forge"));
    assert_eq!(kept[0].mirror, None);
}

#[tokio::test]
async fn one_credentials_secret_has_no_say_over_another_hosts_mirrors() {
    let scene = Scene::new().await;
    // The payload claims to be of a repository on another host.
    let body =
        push("acme/app", "refs/heads/main", A, B).replace("forge.example/acme/app", "open.example/acme/both");
    let answered = scene
        .send(signed("/hooks/host/forge", "push", SECRET, &body))
        .await;
    assert_eq!(answered.references(), ["- refs/heads/main no mirror"]);
}

#[tokio::test]
async fn a_hosts_hook_concerns_what_runs_ask_with_its_credential_and_nothing_else() {
    let scene = Scene::with(
        r#"
version: 1
credentials:
  forge: {host: forge.example, provider: github, webhookSecret: "${file:new}"}
  lone: {host: forge.example/lone, provider: github}
mirrors:
  - {name: app, source: "https://forge.example/acme/app.git", target: "https://mirror.example/app.git"}
  - {name: longest, source: "https://forge.example/lone/app.git", target: "https://mirror.example/lone.git"}
  - name: named
    source: {url: "https://forge.example/lone/app.git", credential: forge}
    target: https://mirror.example/named.git
"#,
    )
    .await;
    let push = async |repository: &str| {
        let path = "/hooks/host/forge";
        scene
            .push(path, repository, "refs/heads/main", A, B)
            .await
            .references()
    };
    assert_eq!(push("acme/app").await, ["app refs/heads/main queued"]);
    // `lone` covers the repository more closely, so that `longest` is asked with it; `named` names the other one.
    assert_eq!(push("lone/app").await, ["named refs/heads/main queued"]);
}

#[tokio::test]
async fn a_payload_of_another_repository_is_a_reason_to_look_and_no_hint() {
    let scene = Scene::new().await;
    let answered = scene
        .push("/hooks/app/source", "acme/another", "refs/heads/main", A, B)
        .await;
    assert_eq!(answered.references(), ["app refs/heads/main queued"]);
    let dues = scene.dues("app").await;
    assert!(dues.names[&name("refs/heads/main")].events.source.is_empty());
}

#[tokio::test]
async fn values_that_a_host_does_not_tell_are_no_hint() {
    let scene = Scene::new().await;
    let body = serde_json::json!({"ref": "topic", "ref_type": "branch", "repository": {}}).to_string();
    let delivery = Request::post("/hooks/both/target")
        .header("x-gitea-event", "delete")
        .body(Body::from(body))
        .unwrap();
    let answered = scene.send(delivery).await;
    assert_eq!(answered.references(), ["both refs/heads/topic queued"]);
    let dues = scene.dues("both").await;
    assert!(dues.names[&name("refs/heads/topic")].events.target.is_empty());
}

#[tokio::test]
async fn gerrits_secret_stands_in_the_url_and_is_kept_nowhere() {
    let scene = Scene::new().await;
    let body = serde_json::json!({"type": "ref-updated", "refUpdate":
        {"refName": "refs/heads/main", "oldRev": A, "newRev": B, "project": "pay/app"}})
    .to_string();
    let ask = async |path: String| scene.send(post(&path, &body)).await;
    let right = ask(format!("/hooks/reviewed/source?secret={SECRET}")).await;
    assert_eq!(right.references(), ["reviewed refs/heads/main queued"]);
    let host = ask(format!(
        "/hooks/host/gerrit?x=y&secret={}",
        SECRET.replace('-', "%2D")
    ))
    .await;
    assert_eq!(host.references(), ["reviewed refs/heads/main coalesced"]);
    assert_eq!(
        ask("/hooks/reviewed/source?secret=no".into()).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        ask("/hooks/reviewed/source".into()).await.status,
        StatusCode::UNAUTHORIZED
    );
    // A secret in the URL is for hosts that can put it nowhere else.
    assert_eq!(
        ask(format!("/hooks/app/source?secret={SECRET}")).await.status,
        StatusCode::UNAUTHORIZED
    );
    no_secrets(&scene).await;
}

/// Nothing that is kept holds a secret.
async fn no_secrets(scene: &Scene) {
    for kept in scene.kept().await {
        let whole = scene.app.store.delivery(&kept.id).await.unwrap();
        let text = format!("{whole:?}{}", String::from_utf8_lossy(&whole.body));
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains("sha256="), "{text}");
    }
}

#[tokio::test]
async fn refused_deliveries_are_kept_without_what_was_in_them_and_few_of_them() {
    let scene = Scene::new().await;
    let body = push("acme/app", "refs/heads/main", A, B);
    for _ in 0..30 {
        let answered = scene
            .send(signed("/hooks/app/source", "push", "canary-wrong", &body))
            .await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
    }
    let answered = scene
        .send(signed("/hooks/lone/source", "push", "canary-wrong", &body))
        .await;
    assert_eq!(answered.status, StatusCode::FORBIDDEN);
    // What is written next is written after them.
    scene
        .push("/hooks/app/source", "acme/app", "refs/heads/main", A, B)
        .await;
    let kept = scene.kept().await;
    let refused: Vec<_> = kept.iter().filter(|kept| kept.status == 401).collect();
    assert!((1..=11).contains(&refused.len()), "{}", refused.len());
    assert!(
        refused[0].disposition.contains("signature is wrong"),
        "{}",
        refused[0].disposition
    );
    let whole = scene.app.store.delivery(&refused[0].id).await.unwrap();
    assert!(whole.body.is_empty());
    no_secrets(&scene).await;
}

#[tokio::test]
async fn a_delivery_is_taken_once_more_by_hand_and_a_refused_one_is_not() {
    let scene = Scene::new().await;
    let first: Answered = scene
        .push("/hooks/app/source", "acme/app", "refs/heads/main", A, B)
        .await;
    scene.settle("app", BTreeMap::new()).await;
    let id = first.body["delivery"].as_str().unwrap();
    let again = redeliver(&scene.app, id, "ada").await.unwrap();
    assert_eq!(again.repeats.as_deref(), Some(id));
    assert_eq!((again.status, again.from.as_str()), (202, "redelivered by ada"));
    assert!(again.disposition.contains("queued"), "{}", again.disposition);
    let kept = scene.app.store.delivery(&again.id).await.unwrap();
    assert_eq!(kept, again);

    scene
        .send(signed("/hooks/app/source", "push", SECRET, "{}"))
        .await;
    scene
        .push("/hooks/app/source", "acme/app", "refs/heads/main", A, B)
        .await;
    let kept = scene.kept().await;
    let refused = kept.iter().find(|kept| kept.status == 400).unwrap();
    let error = redeliver(&scene.app, &refused.id, "ada").await.unwrap_err();
    assert!(matches!(error, RedeliverError::Refused(_)), "{error}");
    let error = redeliver(&scene.app, "none", "ada").await.unwrap_err();
    assert!(matches!(error, RedeliverError::Store(_)), "{error}");
}

#[tokio::test]
async fn an_echo_is_recorded_and_not_due() {
    let scene = Scene::new().await;
    let dues = Due {
        name: Some(name("refs/heads/main")),
        event: None,
        trigger: "person".to_owned(),
        delivery: None,
    };
    scene
        .app
        .store
        .mark_due("app", &[dues], Time::now())
        .await
        .unwrap();
    let value = gitwire::parse_oid(B.as_bytes()).unwrap();
    let base = engine::decide::Base::Agreed(Some(value));
    scene
        .settle("app", [(name("refs/heads/main"), base)].into())
        .await;
    let echo = scene
        .push("/hooks/app/source", "acme/app", "refs/heads/main", A, B)
        .await;
    assert_eq!(echo.references(), ["app refs/heads/main echo"]);
    let other = scene
        .push("/hooks/app/source", "acme/app", "refs/heads/main", B, A)
        .await;
    assert_eq!(other.references(), ["app refs/heads/main queued"]);
}

#[tokio::test]
async fn endpoints_are_listed_with_their_state_and_steps_without_secrets() {
    let scene = Scene::new().await;
    let app = endpoints(&scene.app, "app");
    assert_eq!(app.len(), 1);
    assert_eq!(app[0].url, "https://refsync.example.org/hooks/app/source");
    assert_eq!(app[0].state, HookState::Enabled);
    assert!(app[0].steps.iter().any(|step| step.contains(&app[0].url)));
    let both = endpoints(&scene.app, "both");
    assert_eq!(both.len(), 2);
    assert_eq!(
        (both[1].side, both[1].state),
        (Side::Target.into(), HookState::Insecure)
    );
    let lone = endpoints(&scene.app, "lone");
    assert_eq!(lone[0].state, HookState::Disabled);
    assert!(lone[0].steps[0].contains("webhookSecret"), "{:?}", lone[0].steps);
    assert!(endpoints(&scene.app, "nobody").is_empty());
    let all = format!("{app:?}{both:?}{lone:?}");
    assert!(!all.contains("canary"), "{all}");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_puts_the_host_off() {
    let scene = Scene::new().await;
    for file in ["new", "old"] {
        std::fs::remove_file(scene.files.path().join(file)).unwrap();
    }
    let answered = scene
        .push("/hooks/app/source", "acme/app", "refs/heads/main", A, B)
        .await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answered.retry_after.as_deref(), Some("60"));
    assert!(!answered.body.to_string().contains("new"), "{answered:?}");
}
