//! Hooks registered with stand-ins for the hosts' APIs, which remember what they are asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::scene::{SECRET, Scene};
use crate::api::model::hook::Registration;
use crate::hooks::{endpoints, register};

const HOOK: &str = "https://refsync.example.org/hooks/app/source";

/// What the host was asked, and what it has.
#[derive(Debug, Default)]
struct Host {
    hooks: Vec<Value>,
    asked: Vec<(Method, String, HeaderMap, Value)>,
    /// How lists are wrapped.
    values: bool,
    /// Answers everything with this status and body.
    refuses: Option<(StatusCode, Value)>,
    /// Points every request there.
    points_to: Option<String>,
}

type Shared = Arc<Mutex<Host>>;

async fn answer(State(host): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let mut host = host.lock().unwrap();
    let asked = (
        parts.method.clone(),
        parts.uri.to_string(),
        parts.headers,
        body.clone(),
    );
    host.asked.push(asked);
    if let Some((status, body)) = &host.refuses {
        return (*status, body.to_string()).into_response();
    }
    if let Some(to) = &host.points_to {
        return (StatusCode::FOUND, [("location", to.clone())]).into_response();
    }
    match parts.method {
        Method::GET if host.values => json!({"values": host.hooks}).to_string().into_response(),
        Method::GET => Value::from(host.hooks.clone()).to_string().into_response(),
        Method::POST => {
            let mut made = body;
            let number = host.hooks.len() + 1;
            made["id"] = json!(number);
            made["uuid"] = json!(format!("{{{number}}}"));
            host.hooks.push(made.clone());
            (StatusCode::CREATED, made.to_string()).into_response()
        }
        _ => {
            host.hooks[0] = body;
            host.hooks[0]["id"] = json!(1);
            host.hooks[0]["uuid"] = json!("{1}");
            (StatusCode::OK, Body::empty()).into_response()
        }
    }
}

/// A host with a mirror on it, both as the provider wants them.
async fn host(provider: &str, path: &str) -> (Scene, Shared) {
    let shared = Shared::default();
    shared.lock().unwrap().values = provider.starts_with("bitbucket");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let api = match provider {
        "bitbucket-cloud" => format!(", api: 'http://{address}/2.0'"),
        _ => String::new(),
    };
    let yaml = format!(
        "{{version: 1, publicUrl: 'https://refsync.example.org', credentials: {{host: {{host: '{address}', provider: {provider}, \
         hookToken: '${{file:token}}', webhookSecret: ['${{file:new}}', '${{file:old}}']{api}}}}}, \
         mirrors: [{{name: app, source: 'http://{address}/{path}', target: 'https://mirror.example/app.git'}}]}}"
    );
    (Scene::with(&yaml).await, shared)
}

async fn run(scene: &Scene, rotate: bool) -> Registration {
    let mut all = register(&scene.app, "app", rotate).await;
    assert_eq!(all.len(), 1, "{all:?}");
    let registration = all.remove(0);
    assert!(
        !format!("{registration:?}").contains("canary"),
        "{registration:?}"
    );
    registration
}

/// Provider, path of the clone URL, header of the token and its value, path of the collection, where the secret goes.
const HOSTS: &[(&str, &str, &str, &str, &str, &str)] = &[
    (
        "harness",
        "git/space/app.git",
        "authorization",
        "Bearer canary-token",
        "/api/v1/repos/space%2Fapp/webhooks",
        "/secret",
    ),
    (
        "github",
        "acme/app.git",
        "authorization",
        "Bearer canary-token",
        "/api/v3/repos/acme/app/hooks",
        "/config/secret",
    ),
    (
        "gitlab",
        "acme/pay/app.git",
        "private-token",
        "canary-token",
        "/api/v4/projects/acme%2Fpay%2Fapp/hooks",
        "/token",
    ),
    (
        "gitea",
        "acme/app.git",
        "authorization",
        "token canary-token",
        "/api/v1/repos/acme/app/hooks",
        "/config/secret",
    ),
    (
        "forgejo",
        "acme/app.git",
        "authorization",
        "token canary-token",
        "/api/v1/repos/acme/app/hooks",
        "/config/secret",
    ),
    (
        "gogs",
        "acme/app.git",
        "authorization",
        "token canary-token",
        "/api/v1/repos/acme/app/hooks",
        "/config/secret",
    ),
    (
        "bitbucket-cloud",
        "acme/app.git",
        "authorization",
        "Bearer canary-token",
        "/2.0/repositories/acme/app/hooks",
        "/secret",
    ),
    (
        "bitbucket-data-center",
        "scm/PAY/app.git",
        "authorization",
        "Bearer canary-token",
        "/rest/api/1.0/projects/PAY/repos/app/webhooks",
        "/configuration/secret",
    ),
];

#[tokio::test]
async fn a_hook_is_made_found_again_repaired_and_rotated_on_every_host_with_an_api() {
    for (provider, path, header, value, collection, secret_at) in HOSTS {
        let (scene, host) = host(provider, path).await;
        assert_eq!(run(&scene, false).await.outcome, "created", "{provider}");
        {
            let host = host.lock().unwrap();
            assert_eq!(host.asked.len(), 2, "{provider}");
            for (_, uri, headers, _) in &host.asked {
                assert!(uri.starts_with(collection), "{provider}: {uri}");
                assert!(!uri.contains("canary"), "{uri}");
                assert_eq!(headers[*header], *value, "{provider}");
            }
            let made = &host.asked[1].3;
            assert_eq!(
                made.pointer(secret_at),
                Some(&json!(SECRET)),
                "{provider}: {made}"
            );
            assert!(made.to_string().contains(HOOK), "{provider}: {made}");
        }
        assert_eq!(run(&scene, false).await.outcome, "present", "{provider}");
        assert_eq!(run(&scene, true).await.outcome, "repaired", "{provider}");
        {
            let mut host = host.lock().unwrap();
            let (method, _, _, body) = host.asked.last().unwrap();
            assert!(matches!(*method, Method::PATCH | Method::PUT), "{provider}");
            assert_eq!(body.pointer(secret_at), Some(&json!(SECRET)), "{provider}");
            let broken = &mut host.hooks[0];
            for switch in ["active", "enabled", "push_events"] {
                if broken.get(switch).is_some() {
                    broken[switch] = json!(false);
                }
            }
        }
        assert_eq!(run(&scene, false).await.outcome, "repaired", "{provider}");
        assert_eq!(run(&scene, false).await.outcome, "present", "{provider}");
        assert_eq!(host.lock().unwrap().hooks.len(), 1, "{provider}");
    }
}

#[tokio::test]
async fn a_hosts_refusal_is_told_with_what_to_do_and_without_the_token_it_repeats() {
    let (scene, host) = host("github", "acme/app.git").await;
    for (status, hint) in [
        (StatusCode::UNAUTHORIZED, "wrong or has expired"),
        (StatusCode::FORBIDDEN, "may not manage"),
        (StatusCode::NOT_FOUND, "no such repository"),
    ] {
        let body = json!({"message": "no\u{1b}[31m canary-token today"});
        host.lock().unwrap().refuses = Some((status, body));
        let registration = run(&scene, false).await;
        assert_eq!(registration.outcome, "failed");
        assert!(registration.text.contains(hint), "{}", registration.text);
        assert!(
            registration.text.contains("[hidden] today"),
            "{}",
            registration.text
        );
        assert!(!registration.text.contains('\u{1b}'));
        assert!(!registration.steps.is_empty());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let (scene, first) = host("github", "acme/app.git").await;
    let (_, second) = host("github", "acme/app.git").await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&second));
    tokio::spawn(async move { axum::serve(other, router).await });
    first.lock().unwrap().points_to = Some(format!("http://{address}/elsewhere?token=x"));
    let registration = run(&scene, false).await;
    assert_eq!(registration.outcome, "failed");
    assert!(registration.text.contains("elsewhere"), "{}", registration.text);
    assert!(!registration.text.contains("token=x"), "{}", registration.text);
    assert!(second.lock().unwrap().asked.is_empty());
}

#[tokio::test]
async fn what_is_missing_for_a_registration_is_said_with_the_steps_by_hand() {
    let scene = Scene::new().await;
    let lone = register(&scene.app, "lone", false).await;
    assert_eq!(
        (lone[0].outcome.as_str(), lone[0].steps.is_empty()),
        ("manual", false)
    );
    assert!(lone[0].text.contains("hookToken"), "{}", lone[0].text);
    let reviewed = register(&scene.app, "reviewed", false).await;
    assert_eq!(reviewed[0].outcome, "manual");
    assert!(reviewed[0].text.contains("Gerrit"), "{}", reviewed[0].text);
    assert!(register(&scene.app, "nobody", false).await.is_empty());
    // By hand alone: its endpoint would refuse every delivery.
    assert!(register(&scene.app, "quiet", false).await.is_empty());
    assert!(endpoints(&scene.app, "quiet").is_empty());
    assert_eq!(register(&scene.app, "both", false).await.len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_endless_or_no_json_is_an_error() {
    let (scene, host) = host("github", "acme/app.git").await;
    host.lock().unwrap().refuses = Some((StatusCode::OK, json!("x".repeat(5 << 20))));
    assert!(run(&scene, false).await.text.contains("larger than"));
    host.lock().unwrap().refuses = Some((StatusCode::OK, json!({"message": "hello"})));
    assert!(run(&scene, false).await.text.contains("no list of hooks"));
}
