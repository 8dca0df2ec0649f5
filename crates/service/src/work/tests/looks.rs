//! What people who look share with runs: a host's patience, and the token it knows.

use testkit::{Answer, Credentials, Then, When};

use super::fixture::caller;
use super::scene::{Scene, WITH_TOKEN, fleet};
use crate::api::model::check::{CheckReport, CheckResult, CheckWhat};
use crate::ops::look;

/// So many mirrors between the same two addresses, all with one token. The scene has no worker.
async fn scene(mirrors: usize) -> Scene {
    Scene::of_file(|base| fleet(base, WITH_TOKEN, vec!["target.git".to_owned(); mirrors])).await
}

async fn check(scene: &Scene, number: usize) -> CheckReport {
    look::check(&scene.app, &caller(None), &format!("m{number:03}"))
        .await
        .unwrap()
}

fn failed(report: &CheckReport) -> (CheckWhat, &str) {
    let failed = report
        .checks
        .iter()
        .find(|check| check.result == CheckResult::Failed);
    let failed = failed.unwrap_or_else(|| panic!("{report:?}"));
    (failed.what, &failed.text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_all_mirrors_shows_a_revoked_token_once() {
    let scene = scene(20).await;
    scene.source.commit("main", "one");
    let token = scene.directory.path().join("token");
    std::fs::write(&token, "old").unwrap();
    let new = Then::Authorize(Credentials::basic("bot", "new"));
    scene.server.on(When::any(), new);
    for number in 0..20 {
        let report = check(&scene, number).await;
        let (what, text) = failed(&report);
        assert_eq!(what, CheckWhat::Authenticated, "{report:?}");
        assert_eq!(text.contains("not shown again"), number > 0, "{text}");
        assert!(!report.ok);
    }
    let shown = scene
        .server
        .requests()
        .iter()
        .filter(|one| one.user.is_some())
        .count();
    assert!((1..=2).contains(&shown), "{shown}");
    let notices = scene.store().notices().await.unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0].mirrors.len(), 20);

    // Whoever puts another one in its place need not wait to see that it works.
    std::fs::write(&token, "new").unwrap();
    assert!(check(&scene, 7).await.ok);
    assert!(scene.store().notices().await.unwrap().is_empty());
    assert!(scene.store().refused_secrets().await.unwrap().is_empty());
    assert!(look::drift(&scene.app, &caller(None), "m003").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asks_for_patience_is_not_looked_at() {
    // Each with repositories of its own: the first answer ends a look, and the request to its other side, which is under way by then, may
    // arrive at any time after.
    let scene = Scene::of_file(|base| {
        ["asking", "checked", "compared"]
            .iter()
            .fold(fleet(base, WITH_TOKEN, []), |text, name| {
                text + &format!(
                    "  - {{name: {name}, source: {base}/{name}/source.git, target: {base}/{name}/target.git, sweep: off}}\n"
                )
            })
    })
    .await;
    std::fs::write(scene.directory.path().join("token"), "new").unwrap();
    let busy = Answer::status(429).header("retry-after", "3600");
    scene.server.on(When::any(), Then::Answer(busy));
    let caller = caller(None);
    look::check(&scene.app, &caller, "asking").await.unwrap();
    let report = look::check(&scene.app, &caller, "checked").await.unwrap();
    let (what, text) = failed(&report);
    assert_eq!(what, CheckWhat::Reachable);
    assert!(text.contains("asks for patience"), "{text}");
    let drift = look::drift(&scene.app, &caller, "compared")
        .await
        .unwrap_err()
        .to_string();
    assert!(drift.contains("asks for patience"), "{drift}");
    let asked = scene.server.requests();
    assert!(!asked.is_empty());
    for request in asked {
        assert!(request.path.starts_with("/asking/"), "{}", request.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repositories_that_somebody_only_tries_take_no_token_from_the_mirrors() {
    let scene = scene(1).await;
    scene.source.commit("main", "one");
    std::fs::write(scene.directory.path().join("token"), "good").unwrap();
    let not_ours = When::is(|request| request.path.contains("/not-ours"));
    scene.server.on(not_ours, Then::status(403));
    let base = scene.server.base_url();
    for number in 0..4 {
        let spec = serde_json::json!({
            "name": format!("new{number}"),
            "source": format!("{base}/not-ours{number}.git"),
            "target": format!("{base}/target.git"),
        });
        let spec = serde_json::from_value(spec).unwrap();
        let report = look::check_spec(&scene.app, &caller(None), &spec).await.unwrap();
        // Each is asked itself.
        let (what, text) = failed(&report);
        assert_eq!(what, CheckWhat::Read, "{text}");
    }
    assert!(scene.store().refused_secrets().await.unwrap().is_empty());
    assert!(scene.store().notices().await.unwrap().is_empty());
    assert!(check(&scene, 0).await.ok);
}
