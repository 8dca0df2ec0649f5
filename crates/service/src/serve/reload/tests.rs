use std::path::Path;

use super::*;
use crate::api::tests::Bench;

/// A mirror between two addresses, as the database knows it.
fn between(source: &str, target: &str) -> Known {
    let text = format!("version: 1\nmirrors: [{{name: app, source: \"{source}\", target: \"{target}\"}}]");
    let config = load::load_text(Path::new("refsync.yaml"), &text).unwrap();
    known(&config.mirrors["app"])
}

#[test]
fn a_path_in_another_case_is_another_repository_to_those_who_keep_bases() {
    let target = "https://b.example/app.git";
    let of = |source: &str| between(source, target).source_url;
    assert_ne!(
        of("https://a.example/Acme/app.git"),
        of("https://a.example/acme/app.git")
    );
    assert_eq!(
        of("https://A.example:443/Acme/app.git"),
        of("git@a.example:Acme/app")
    );
}

#[test]
fn by_hand_runs_what_neither_webhooks_nor_the_clock_start() {
    let by_hand = |keys: &str| {
        let text = format!(
            "version: 1\nmirrors: [{{name: app, source: 'https://a.example/a', target: 'https://b.example/a', {keys}}}]"
        );
        let config = load::load_text(Path::new("refsync.yaml"), &text).unwrap();
        known(&config.mirrors["app"]).by_hand
    };
    assert!(by_hand("triggers: [manual]"));
    assert!(by_hand("triggers: [manual, sweep], sweep: off"));
    assert!(!by_hand("sweep: off"), "webhooks start it");
    assert!(!by_hand("triggers: [manual, sweep], schedule: '0 2 * * *'"));
}

#[tokio::test]
async fn what_is_wrong_with_the_file_is_told_until_the_file_is_right() {
    let bench = Bench::new().await;
    let app = &bench.app;
    let path = bench.directory.path().join("refsync.yaml");
    let right = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "version: 1\nmirrorz: []\n").unwrap();
    reload(app, false).await.unwrap_err();
    let wrong = |app: &App| {
        let problem = app.loaded().problem.clone();
        problem.is_some_and(|text| text.contains("mirrorz"))
    };
    assert!(wrong(app));
    let said = crate::ops::service::readiness(app).await;
    assert!(said.ready, "the old one does its work: {said:?}");
    assert!(
        said.problems[0].contains("not in force") && !said.problems[0].contains("mirrorz"),
        "nobody shows a token there: {said:?}"
    );
    take_made(app).await.unwrap();
    assert!(wrong(app), "a mirror made over the API mends no file");

    // Another process has a newer one that is right, and goes.
    let (store, alive) = (&app.store, app.loaded().config.limits.lease);
    let other = Holder {
        worker: "other",
        fingerprint: "another",
        alive,
    };
    store
        .take_over(&other, Occasion::Forced, &[], store.now())
        .await
        .unwrap();
    let now = store.now();
    let live = store::worker::Worker {
        id: "other".into(),
        fingerprint: "another".into(),
        since: now,
        seen: now,
        version: "0".into(),
    };
    store.report_worker(&live).await.unwrap();
    settle(app).await.unwrap();
    assert!(app.loaded().withheld.is_some() && wrong(app));
    store.retire_worker("other").await.unwrap();
    settle(app).await.unwrap();
    assert!(app.loaded().withheld.is_none() && wrong(app));

    std::fs::write(&path, right).unwrap();
    reload(app, false).await.unwrap();
    assert_eq!(app.loaded().problem, None);
}

#[tokio::test]
async fn a_file_that_is_gone_is_missed_and_stands_for_no_empty_one() {
    let bench = Bench::new().await;
    let place = Place {
        path: bench.directory.path().join("refsync.yaml"),
        optional: true,
    };
    std::fs::remove_file(&place.path).unwrap();
    let error = replace(&bench.app, &place, true).await.unwrap_err();
    assert!(
        error.to_string().ends_with("refsync.yaml is gone: put it back"),
        "{error}"
    );
}
