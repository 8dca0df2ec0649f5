//! A process with a configuration and a real database, asked as hosts ask.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use engine::decide::Base;
use engine::side::Side;
use gitwire::RefName;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response, StatusCode};
use serde_json::Value;
use store::mirror::Known;
use store::page::Ask;
use store::queue::{Dues, Outcome, Work};
use store::{Store, Time};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::app::{App, Loaded};
use crate::hooks::index::identity;

/// The secret of the credential `forge`, and the older one beside it.
pub(super) const SECRET: &str = "canary-new";
pub(super) const OLD_SECRET: &str = "canary-old";

pub(super) const A: &str = "1111111111111111111111111111111111111111";
pub(super) const B: &str = "2222222222222222222222222222222222222222";

/// Two one-way mirrors, a two-way one, one without a secret, one that takes no webhooks.
const CONFIG: &str = r#"
version: 1
publicUrl: https://refsync.example.org/
credentials:
  forge:
    host: forge.example
    provider: github
    webhookSecret: ["${file:new}", "${file:old}"]
    hookToken: "${file:token}"
  lone:
    host: forge.example/lone
    provider: github
  gerrit:
    host: gerrit.example
    provider: gerrit
    webhookSecret: "${file:new}"
  open:
    host: open.example
    provider: gitea
    insecure: true
mirrors:
  - {name: app, source: "https://forge.example/acme/app.git", target: "https://mirror.example/acme/app.git"}
  - {name: app-two, source: "https://forge.example/acme/app.git", target: "https://mirror.example/acme/two.git", references: ["refs/tags/*"]}
  - {name: both, direction: two-way, source: "https://forge.example/acme/both.git", target: "https://open.example/acme/both.git"}
  - {name: lone, source: "https://forge.example/lone/app.git", target: "https://mirror.example/lone/app.git"}
  - {name: quiet, source: "https://forge.example/acme/quiet.git", target: "https://mirror.example/quiet.git", triggers: [manual]}
  - {name: reviewed, source: "https://gerrit.example/pay/app", target: "https://mirror.example/pay/app.git"}
"#;

pub(super) struct Scene {
    pub(super) app: Arc<App>,
    pub(super) router: Router,
    pub(super) files: TempDir,
}

impl Scene {
    pub(super) async fn new() -> Self {
        Self::with(CONFIG).await
    }

    pub(super) async fn with(yaml: &str) -> Self {
        let files = testkit::tmp();
        for (name, value) in [("new", SECRET), ("old", OLD_SECRET), ("token", "canary-token")] {
            std::fs::write(files.path().join(name), value).unwrap();
        }
        let path = files.path().join("refsync.yaml");
        let config = config::load::load_text(&path, yaml).unwrap_or_else(|problems| panic!("{problems}"));
        let url = format!("sqlite:{}", files.path().join("refsync.db").display());
        let store = Store::open(&url.into()).await.unwrap();
        let known: Vec<Known> = config
            .mirrors
            .values()
            .map(|mirror| {
                let address = |side| identity(&mirror.ends.of(side).url).unwrap().as_str().to_owned();
                Known {
                    name: mirror.name.clone(),
                    fingerprint: mirror.fingerprint.clone(),
                    labels: mirror.labels.clone(),
                    source_url: address(Side::Source),
                    target_url: address(Side::Target),
                    sweep_ms: None,
                    schedule: None,
                    two_way: mirror.direction == engine::decide::Direction::TwoWay,
                    by_hand: false,
                }
            })
            .collect();
        store.adopt(&known, Time::now()).await.unwrap();
        let app = Arc::new(App::new(store, "test".to_owned(), Loaded::of_file(config), None));
        Self {
            router: crate::hooks::router(&app),
            app,
            files,
        }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().oneshot(request).await.unwrap();
        Answered::of(response).await
    }

    /// A push as GitHub tells it, signed.
    pub(super) async fn push(
        &self,
        path: &str,
        repository: &str,
        name: &str,
        old: &str,
        new: &str,
    ) -> Answered {
        let body = push(repository, name, old, new);
        self.send(signed(path, "push", SECRET, &body)).await
    }

    /// Everything that is due of a mirror.
    pub(super) async fn dues(&self, mirror: &str) -> Dues {
        let own = |name: &str, _: &str| name == mirror;
        let claim = self
            .app
            .store
            .claim("test", &own, Duration::from_secs(60), Time::now())
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("nothing of {mirror} is due"));
        match claim.work {
            Work::Due(dues) => dues,
            Work::Asked(run) => panic!("a run was asked for: {run:?}"),
        }
    }

    /// Ends what is due of a mirror, with these bases.
    pub(super) async fn settle(&self, mirror: &str, bases: BTreeMap<RefName, Base>) {
        let own = |name: &str, _: &str| name == mirror;
        let lease = Duration::from_secs(60);
        let claimed = self.app.store.claim("test", &own, lease, Time::now()).await;
        let claim = claimed.unwrap().expect("something is due");
        let outcome = Outcome {
            bases,
            ..Outcome::default()
        };
        self.app
            .store
            .finish(&claim, &outcome, Time::now())
            .await
            .unwrap();
    }

    /// All deliveries that are kept, oldest first.
    pub(super) async fn kept(&self) -> Vec<store::delivery::Delivery> {
        let (all, ask) = (store::delivery::Filter::default(), Ask::default());
        let mut items = self.app.store.deliveries(&all, &ask).await.unwrap().items;
        items.reverse();
        items
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<String>,
    pub(super) body: Value,
}

impl Answered {
    async fn of(response: Response<Body>) -> Self {
        let status = response.status();
        let header = response.headers().get("retry-after").cloned();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Self {
            status,
            retry_after: header.map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    /// `mirror name disposition` of each reference.
    pub(super) fn references(&self) -> Vec<String> {
        let references = self.body["references"].as_array().expect("references are told");
        references
            .iter()
            .map(|reference| {
                let text = |key: &str| reference[key].as_str().unwrap_or("-").to_owned();
                format!("{} {} {}", text("mirror"), text("name"), text("disposition"))
            })
            .collect()
    }

    pub(super) fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }
}

pub(super) fn push(repository: &str, name: &str, old: &str, new: &str) -> String {
    serde_json::json!({
        "ref": name, "before": old, "after": new,
        "repository": {"clone_url": format!("https://forge.example/{repository}.git")},
        "sender": {"login": "ada"},
    })
    .to_string()
}

pub(super) fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A delivery of GitHub's with this id.
pub(super) fn signed_as(path: &str, event: &str, secret: &str, body: &str, id: &str) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", sign(secret, body))
        .header("authorization", "Bearer canary-header")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

pub(super) fn signed(path: &str, event: &str, secret: &str, body: &str) -> Request<Body> {
    signed_as(path, event, secret, body, &uuid::Uuid::now_v7().to_string())
}
