//! The token that mirrors share: refused, changed, tried again.

use std::path::PathBuf;

use engine::side::Side;
use store::Time;
use store::page::Ask;
use store::queue::Due;
use store::run::{Inputs, Order, State};
use testkit::{Credentials, Then, When};

use super::scene::{Scene, WITH_TOKEN, fleet};

/// One mirror, with a token.
fn app(base: &str) -> String {
    let host = base.trim_start_matches("http://");
    format!(
        "credentials:\n  ghe: {{host: \"{host}\", provider: github, username: bot, token: \"${{file:token}}\"}}\n\
         mirrors:\n  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: off}}\n"
    )
}

/// The token is changed on the host and in its place while the next run is on its way.
fn change_midway(scene: &Scene, token: &'static str) {
    let path = token_file(scene);
    scene.server.clear_rules();
    let once = std::sync::Once::new();
    let changed = Then::call(move || {
        // Both sides are asked together, and whichever comes second is not refused before the new token is in its place.
        once.call_once(|| {
            // At once: nobody ever reads half of a token.
            let beside = path.with_extension("new");
            std::fs::write(&beside, token).unwrap();
            std::fs::rename(&beside, &path).unwrap();
        });
    });
    scene.server.on(When::any(), changed);
    scene
        .server
        .on(When::any(), Then::Authorize(Credentials::basic("bot", token)));
}

fn token_file(scene: &Scene) -> PathBuf {
    scene.directory.path().join("token")
}

fn allow(scene: &Scene, token: &str) {
    scene.server.clear_rules();
    scene
        .server
        .on(When::any(), Then::Authorize(Credentials::basic("bot", token)));
}

/// How many requests carried a token.
fn shown(scene: &Scene) -> usize {
    let requests = scene.server.requests();
    requests.iter().filter(|one| one.user.is_some()).count()
}

async fn errors(scene: &Scene) -> usize {
    let ask = Ask {
        after: None,
        limit: 500,
    };
    let mirrors = scene
        .store()
        .mirrors(&store::mirror::Filter::default(), &ask)
        .await
        .unwrap();
    mirrors.items.iter().filter(|one| one.error.is_some()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_under_three_hundred_mirrors_is_shown_once_and_told_of_once() {
    let mut scene =
        Scene::of_file(|base| fleet(base, WITH_TOKEN, (0..300).map(|number| format!("t{number}.git")))).await;
    std::fs::write(token_file(&scene), "old\n").unwrap();
    allow(&scene, "new");
    scene.work();
    scene
        .wait_for("all mirrors to have come up", async |scene: &Scene| {
            errors(scene).await == 300
        })
        .await;
    // One run asked either side with it; the next try of any of them is a minute away.
    assert!((1..=2).contains(&shown(&scene)), "{}", shown(&scene));
    let notices = scene.store().notices().await.unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(
        (notices[0].cause.as_str(), notices[0].mirrors.len()),
        ("credential ghe 401", 300)
    );
    let failed = scene.runs().await;
    assert_eq!(failed.len(), 1, "the others did not run");
    assert!(
        failed[0]
            .fault
            .as_ref()
            .unwrap()
            .advice
            .as_ref()
            .unwrap()
            .contains("`ghe`")
    );

    // Another token: the first mirror that is asked for shows it.
    testkit::Repo::bare(scene.directory.path().join("t7.git"));
    scene.source.commit("main", "one");
    std::fs::write(token_file(&scene), "new\n").unwrap();
    let due = Due {
        name: None,
        event: None,
        trigger: "webhook".into(),
        delivery: None,
    };
    scene.store().mark_due("m007", &[due], Time::now()).await.unwrap();
    scene
        .wait_for("the mirror to run again", async |scene: &Scene| {
            let runs = scene.runs().await;
            runs.iter()
                .any(|run| run.mirror.as_deref() == Some("m007") && run.state == State::Succeeded)
        })
        .await;
    scene
        .wait_for("the notice to be over", async |scene: &Scene| {
            scene.store().notices().await.unwrap().is_empty()
        })
        .await;
    assert!(scene.store().refused_secrets().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_another_by_now_is_read_again_at_once() {
    let mut scene = Scene::of_file(app).await;
    std::fs::write(token_file(&scene), "old").unwrap();
    allow(&scene, "old");
    let old = scene.source.commit("main", "one");
    scene.start().await;
    change_midway(&scene, "new");
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    scene.assert_equal();
    assert_eq!(scene.last_run().await.state, State::Succeeded);
    assert!(scene.store().refused_secrets().await.unwrap().is_empty());
    assert!(scene.store().notices().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_people_ask_for_read_a_changed_token_again_too() {
    let mut scene = Scene::of_file(app).await;
    std::fs::write(token_file(&scene), "old").unwrap();
    allow(&scene, "old");
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    scene.settle().await;
    let moved = scene.last_run().await;

    change_midway(&scene, "newer");
    let undo = Inputs {
        order: Some(Order::Undo { run: moved.id }),
        ..Inputs::default()
    };
    let run = scene.ask(undo).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    assert_eq!(scene.both("main").1, Some(old));

    change_midway(&scene, "newest");
    let run = scene.made(scene.one_off()).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    assert!(scene.store().refused_secrets().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_refused_token_holds_back_says_which_and_since_when() {
    let mut scene = Scene::of_file(app).await;
    std::fs::write(token_file(&scene), "old").unwrap();
    allow(&scene, "new");
    scene.work();
    scene
        .wait_for("the token to be refused", async |scene: &Scene| {
            !scene.store().refused_secrets().await.unwrap().is_empty()
        })
        .await;
    let before = shown(&scene);
    let run = scene.made(scene.asked(Inputs::default())).await;
    assert_eq!(shown(&scene), before, "it is not shown again");
    assert_eq!(run.state, State::Failed);
    let fault = run.fault.unwrap();
    assert_eq!(fault.kind, "unauthorized", "{fault:?}");
    assert_eq!(fault.side.as_deref(), Some("target"), "{fault:?}");
    let of_it = "refuses the token of the credential `ghe` (401) since 2";
    assert!(fault.message.contains(of_it), "{fault:?}");
    assert!(fault.advice.unwrap().contains("`ghe`"));
    assert_eq!(scene.store().notices().await.unwrap().len(), 1);
}

/// Waits until the token is refused, and has it be so for a minute.
async fn refused_a_minute_ago(scene: &Scene) {
    scene
        .wait_for("the token to be refused", async |scene: &Scene| {
            let known = !scene.store().refused_secrets().await.unwrap().is_empty();
            known && scene.overview().await.error.is_some()
        })
        .await;
    let store = scene.store();
    let known = store.refused_secrets().await.unwrap().remove(0);
    let before = Time(Time::now().0 - 61_000);
    store
        .refuse_secret(&known.credential, &known.hash, known.status, before)
        .await
        .unwrap();
}

/// A webhook of a mirror whose token was refused a minute ago: how many requests carry it then.
async fn tried_again(refusal: impl Fn(&Scene)) -> usize {
    let mut scene = Scene::of_file(app).await;
    std::fs::write(token_file(&scene), "old").unwrap();
    allow(&scene, "old");
    let old = scene.source.commit("main", "one");
    scene.start().await;
    refusal(&scene);
    let new = scene.source.commit("main", "two");
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    refused_a_minute_ago(&scene).await;
    scene.server.wait_idle();
    scene.server.forget();
    let newer = scene.source.commit("main", "three");
    scene.hook(Side::Source, "main", Some(&new), Some(&newer)).await;
    scene
        .wait_for("the next try", async |scene: &Scene| {
            let next = scene.overview().await.next_at;
            let waits = next.is_some_and(|next| next > Time::now() + std::time::Duration::from_secs(30));
            waits && shown(scene) > 0
        })
        .await;
    scene.server.wait_idle();
    shown(&scene)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_known_to_be_refused_is_tried_again_with_one_request() {
    assert_eq!(tried_again(|scene| allow(scene, "new")).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_known_not_to_suffice_is_tried_again_with_one_request() {
    let forbid = |scene: &Scene| {
        scene.server.clear_rules();
        scene.server.on(When::any(), Then::status(403));
    };
    assert_eq!(tried_again(forbid).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_that_works_again_is_seen_by_the_next_try() {
    let mut scene = Scene::of_file(app).await;
    std::fs::write(token_file(&scene), "old").unwrap();
    scene.source.commit("main", "one");
    allow(&scene, "new");
    scene.work();
    refused_a_minute_ago(&scene).await;
    allow(&scene, "old");
    let due = Due {
        name: None,
        event: None,
        trigger: "webhook".into(),
        delivery: None,
    };
    scene.store().mark_due("app", &[due], Time::now()).await.unwrap();
    scene
        .wait_for("the mirror to be in sync", async |scene: &Scene| {
            scene.both("main").1.is_some() && scene.store().refused_secrets().await.unwrap().is_empty()
        })
        .await;
}
