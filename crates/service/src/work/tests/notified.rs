//! What people are sent, and how.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::Time;
use store::run::Inputs;

use super::scene::Scene;
use crate::work::notify::Teller;

const KEY: &[u8] = b"a key of twenty-four byt";

/// Takes messages; answers as it is told, the last answer for ever.
#[derive(Clone)]
struct Inbox {
    url: String,
    taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Inbox {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inbox = Self {
            url: format!("http://{}/in", listener.local_addr().unwrap()),
            taken: Arc::default(),
            answers: Arc::new(Mutex::new(vec![204])),
        };
        let router = Router::new().route("/in", post(take)).with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        inbox
    }

    fn taken(&self) -> Vec<(HeaderMap, Bytes)> {
        self.taken.lock().unwrap().clone()
    }
}

async fn take(Shared(inbox): Shared<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    inbox.taken.lock().unwrap().push((headers, body));
    let mut answers = inbox.answers.lock().unwrap();
    let answer = match answers.len() {
        1 => answers[0],
        _ => answers.remove(0),
    };
    StatusCode::from_u16(answer).unwrap()
}

async fn scene(inbox: &Inbox, kind: &str) -> Scene {
    // SAFETY of the test: the address is a place, as it must be in a file.
    let directory = testkit::tmp();
    let (url, key) = (directory.path().join("url"), directory.path().join("key"));
    std::fs::write(&url, &inbox.url).unwrap();
    std::fs::write(&key, format!("whsec_{}", BASE64_STANDARD.encode(KEY))).unwrap();
    // Secrets are read when a message goes out: the files must outlive the scene.
    let _kept = directory.keep();
    Scene::of_file(|base| {
        let secret = match kind {
            "webhook" => format!(", secret: \"${{file:{}}}\"", key.display()),
            _ => String::new(),
        };
        format!(
            "notifications:\n  - {{kind: {kind}, url: \"${{file:{}}}\"{secret}}}\n\
             mirrors:\n  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: off}}\n",
            url.display()
        )
    })
    .await
}

async fn raise(scene: &Scene, mirror: &str) {
    let text = "the host refuses the token of the credential `ghe` (401)";
    scene
        .store()
        .raise("credential ghe 401", "failure", text, mirror, Time::now())
        .await
        .unwrap();
}

/// Verified as the specification says: HMAC-SHA256 over id, timestamp and body, joined by dots.
fn verify(headers: &HeaderMap, body: &[u8]) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(body);
    let signature = header("webhook-signature");
    let signature = signature.strip_prefix("v1,").unwrap();
    mac.verify_slice(&BASE64_STANDARD.decode(signature).unwrap())
        .unwrap();
    let age = Time::now().0 / 1000 - header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{age}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cause_is_one_signed_message_and_its_end_another() {
    let inbox = Inbox::open().await;
    let scene = scene(&inbox, "webhook").await;
    let mut teller = Teller::new(Arc::clone(&scene.app), Duration::ZERO).unwrap();
    for number in 0..300 {
        raise(&scene, &format!("m{number:03}")).await;
    }
    for _ in 0..3 {
        teller.tell(Time::now()).await.unwrap();
    }
    let taken = inbox.taken();
    assert_eq!(taken.len(), 1);
    let (headers, body) = &taken[0];
    verify(headers, body);
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["type"], "failure");
    assert_eq!(body["data"]["mirrors"].as_array().unwrap().len(), 300);
    assert!(
        body["data"]["text"]
            .as_str()
            .unwrap()
            .contains("m019 and 280 more")
    );

    for number in 0..300 {
        let mirror = format!("m{number:03}");
        let store = scene.store();
        store
            .settle_notice("credential ghe 401", &mirror, Time::now())
            .await
            .unwrap();
    }
    for _ in 0..2 {
        teller.tell(Time::now()).await.unwrap();
    }
    let taken = inbox.taken();
    assert_eq!(taken.len(), 2);
    let body: serde_json::Value = serde_json::from_slice(&taken[1].1).unwrap();
    assert_eq!(body["type"], "recovery");
    assert_ne!(taken[0].0["webhook-id"], taken[1].0["webhook-id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_is_sent_again_with_the_same_id() {
    let inbox = Inbox::open().await;
    *inbox.answers.lock().unwrap() = vec![500, 200];
    let scene = scene(&inbox, "webhook").await;
    raise(&scene, "app").await;
    let mut teller = Teller::new(Arc::clone(&scene.app), Duration::ZERO).unwrap();
    teller.tell(Time::now()).await.unwrap();
    assert_eq!(inbox.taken().len(), 1);
    // Another process, two minutes later.
    let mut teller = Teller::new(Arc::clone(&scene.app), Duration::ZERO).unwrap();
    teller.tell(Time::now() + Duration::from_secs(120)).await.unwrap();
    let taken = inbox.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].0["webhook-id"], taken[1].0["webhook-id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_gathers_mirrors_first_and_what_passed_meanwhile_is_not_told() {
    let inbox = Inbox::open().await;
    let scene = scene(&inbox, "slack").await;
    raise(&scene, "app").await;
    let mut teller = Teller::new(Arc::clone(&scene.app), Duration::from_secs(60)).unwrap();
    teller.tell(Time::now()).await.unwrap();
    assert!(inbox.taken().is_empty());
    teller.tell(Time::now() + Duration::from_secs(61)).await.unwrap();
    assert_eq!(inbox.taken().len(), 1);
    let body: serde_json::Value = serde_json::from_slice(&inbox.taken()[0].1).unwrap();
    assert!(
        body["text"]
            .as_str()
            .unwrap()
            .starts_with("refsync: the host refuses")
    );

    let store = scene.store();
    store
        .raise("host x down", "failure", "x", "app", Time::now())
        .await
        .unwrap();
    store
        .settle_notice("host x down", "app", Time::now())
        .await
        .unwrap();
    teller.tell(Time::now() + Duration::from_secs(300)).await.unwrap();
    assert_eq!(inbox.taken().len(), 1, "nobody heard of its beginning");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_run_by_hand_ends_a_failure_and_a_dry_one_does_not() {
    let mut scene = Scene::one_way("").await;
    scene.source.commit("main", "one");
    scene.start().await;
    raise(&scene, "app").await;
    let dry = Inputs {
        dry_run: true,
        ..Inputs::default()
    };
    scene.ask(dry).await;
    assert_eq!(scene.store().notices().await.unwrap().len(), 1);
    scene.ask(Inputs::default()).await;
    scene
        .wait_for("the failure to be over", async |scene: &Scene| {
            scene.store().notices().await.unwrap().is_empty()
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_run_of_one_reference_ends_no_failure_of_another() {
    let mut scene = Scene::one_way("").await;
    scene.source.commit("main", "one");
    scene.start().await;
    // The last by name is over after all others that end with it.
    let (own, shared) = ("mirror app rejected", "some trouble that mirrors share");
    for cause in [own, shared] {
        let raised = scene
            .store()
            .raise(cause, "failure", "it fails", "app", Time::now());
        raised.await.unwrap();
    }
    let one = Inputs {
        references: vec!["refs/heads/main".into()],
        ..Inputs::default()
    };
    scene.ask(one).await;
    let causes = async |scene: &Scene| {
        let notices = scene.store().notices().await.unwrap();
        notices.into_iter().map(|one| one.cause).collect::<Vec<_>>()
    };
    // That the hosts and tokens work is learned from any run.
    scene
        .wait_for("the shared failure to be over", async |scene: &Scene| {
            causes(scene).await == [own]
        })
        .await;
    scene.ask(Inputs::default()).await;
    scene
        .wait_for("the other failure to be over", async |scene: &Scene| {
            causes(scene).await.is_empty()
        })
        .await;
}

/// A file with these recipients, whose addresses are read at places of their own.
fn told(recipients: &[&Path], base: &str) -> String {
    let mut file = "notifications:\n".to_owned();
    for place in recipients {
        file.push_str(&format!(
            "  - {{kind: slack, url: \"${{file:{}}}\"}}\n",
            place.display()
        ));
    }
    let mirror = format!("{{name: app, source: {base}/source.git, target: {base}/target.git, sweep: off}}");
    format!("{file}mirrors:\n  - {mirror}\n")
}

/// Where the address of an inbox is read.
fn place(inbox: &Inbox) -> PathBuf {
    let file = testkit::tmp().keep().join("url");
    std::fs::write(&file, &inbox.url).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_keeps_nobody_else_from_being_told_once() {
    let (there, away) = (Inbox::open().await, Inbox::open().await);
    *away.answers.lock().unwrap() = vec![500; 20];
    let (at_away, at_there) = (place(&away), place(&there));
    let scene = Scene::of_file(|base| told(&[&at_away, &at_there], base)).await;
    raise(&scene, "app").await;
    let mut later = Time::now();
    // Other processes, one after the other, each for the first time.
    let mut tell = async || {
        later = later + Duration::from_secs(120);
        let mut teller = Teller::new(Arc::clone(&scene.app), Duration::ZERO).unwrap();
        teller.tell(later).await.unwrap();
    };
    tell().await;
    tell().await;
    assert_eq!((away.taken().len(), there.taken().len()), (2, 1));
    scene
        .store()
        .settle_notice("credential ghe 401", "app", Time::now())
        .await
        .unwrap();
    tell().await;
    tell().await;
    // Who never heard of its beginning does not hear of its end.
    assert_eq!((away.taken().len(), there.taken().len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_put_before_others_changes_nothing_of_who_was_told() {
    let (there, away, new) = (Inbox::open().await, Inbox::open().await, Inbox::open().await);
    *away.answers.lock().unwrap() = vec![500, 204];
    let (at_away, at_there, at_new) = (place(&away), place(&there), place(&new));
    let mut scene = Scene::of_file(|base| told(&[&at_away, &at_there], base)).await;
    raise(&scene, "app").await;
    let mut later = Time::now();
    // Other processes, one after the other, each for the first time.
    let mut tell = async |scene: &Scene| {
        later = later + Duration::from_secs(120);
        let mut teller = Teller::new(Arc::clone(&scene.app), Duration::ZERO).unwrap();
        teller.tell(later).await.unwrap();
        [&away, &there, &new].map(|inbox| inbox.taken().len())
    };
    assert_eq!(tell(&scene).await, [1, 1, 0]);
    scene.restart(|base| told(&[&at_there, &at_away], base)).await;
    // Who was not there is told, and who was is not told twice.
    assert_eq!(tell(&scene).await, [2, 1, 0]);
    scene
        .restart(|base| told(&[&at_new, &at_there, &at_away], base))
        .await;
    assert_eq!(
        tell(&scene).await,
        [2, 1, 0],
        "it is told of to all who were to be told"
    );
    scene
        .store()
        .settle_notice("credential ghe 401", "app", Time::now())
        .await
        .unwrap();
    assert_eq!(
        tell(&scene).await,
        [3, 2, 0],
        "who heard of its beginning hears of its end"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_there_hears_of_a_cause_that_ended_meanwhile_and_came_back() {
    let (there, away) = (Inbox::open().await, Inbox::open().await);
    *away.answers.lock().unwrap() = vec![500, 204];
    let (at_away, at_there) = (place(&away), place(&there));
    let scene = Scene::of_file(|base| told(&[&at_away, &at_there], base)).await;
    let mut later = Time::now();
    // Other processes, one after the other, each for the first time.
    let mut tell = async || {
        later = later + Duration::from_secs(120);
        let mut teller = Teller::new(Arc::clone(&scene.app), Duration::ZERO).unwrap();
        teller.tell(later).await.unwrap();
        [&away, &there].map(|inbox| inbox.taken().len())
    };
    raise(&scene, "app").await;
    assert_eq!(tell().await, [1, 1]);
    let settled = scene
        .store()
        .settle_notice("credential ghe 401", "app", Time::now());
    settled.await.unwrap();
    raise(&scene, "app").await;
    // The other heard of the beginning and of no end: to them it never ended.
    assert_eq!(tell().await, [2, 1]);
}
