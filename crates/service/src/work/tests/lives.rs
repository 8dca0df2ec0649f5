//! How runs end before their end: processes that die or stop, claims that are lost, people who cancel.

use std::time::Duration;

use engine::decide::Base;
use engine::side::Side;
use store::Time;
use store::page::Ask;
use store::run::{Inputs, State};
use testkit::{Gate, Service, Then, When};

use super::scene::{PATIENCE, Scene};

const TWO_WAY: &str = "mirrors:\n  - name: app\n    direction: two-way\n    sweep: off\n";

fn two_way(base: &str) -> String {
    format!("{TWO_WAY}    source: {base}/source.git\n    target: {base}/target.git\n")
}

/// Waits at a gate without blocking the worker's threads.
async fn arrival(gate: &Gate) {
    let gate = gate.clone();
    tokio::task::spawn_blocking(move || gate.wait_for_arrival())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_between_the_push_and_the_record_loses_nothing() {
    let mut scene = Scene::of_file(two_way).await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    let gate = Gate::new();
    // Git moves the reference; the report never comes.
    scene
        .server
        .once(When::call(Service::ReceivePack), Then::HoldAnswer(gate.clone()));
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    arrival(&gate).await;
    scene
        .wait_for("the push", async |scene: &Scene| {
            scene.both("main").1 == Some(new.clone())
        })
        .await;
    scene.kill().await;
    let memory = scene.store().memory("app", None).await.unwrap();
    assert_eq!(memory.intents.len(), 1, "what was about to be written is known");
    gate.open();

    scene.restart(two_way).await;
    scene.start().await;
    scene.assert_equal();
    let memory = scene.store().memory("app", None).await.unwrap();
    assert!(memory.intents.is_empty());
    let id = gitwire::parse_oid(new.as_bytes()).unwrap();
    assert_eq!(
        memory.bases.values().copied().collect::<Vec<_>>(),
        [Base::Agreed(Some(id))]
    );
    let cut = scene
        .runs()
        .await
        .into_iter()
        .find(|run| run.state == State::Failed);
    assert!(cut.is_some(), "the run that was cut is shown as failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_ends_a_run() {
    let mut scene = Scene::one_way("").await;
    scene.start().await;
    scene.source.commit("main", "one");
    let gate = Gate::new();
    scene
        .server
        .once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    let run = scene.asked(Inputs::default());
    scene.store().ask_run(&run, Time::now()).await.unwrap();
    arrival(&gate).await;
    scene
        .store()
        .cancel_run(&run.id, "ops", Time::now())
        .await
        .unwrap();
    scene
        .wait_for("the run to end", async |scene: &Scene| {
            scene.store().run(&run.id).await.unwrap().state == State::Cancelled
        })
        .await;
    gate.open();
    // Nobody knows what the server makes of a push whose answer nobody waited for: the next run finds out.
    let memory = scene.store().memory("app", None).await.unwrap();
    assert_eq!((memory.intents.len(), memory.bases.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_to_end_a_run_that_another_process_took_is_heard_long_before_the_next_heartbeat() {
    let mut scene = Scene::one_way("").await;
    scene.app.loaded.send_modify(|loaded| {
        std::sync::Arc::make_mut(loaded).config.limits.lease = Duration::from_secs(3_600);
    });
    scene.start().await;
    scene.source.commit("main", "one");
    let gate = Gate::new();
    scene
        .server
        .once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    let run = scene.asked(Inputs::default());
    scene.store().ask_run(&run, Time::now()).await.unwrap();
    arrival(&gate).await;
    // Another process, which cannot ring this one's bell.
    let url = format!("sqlite:{}", scene.directory.path().join("refsync.db").display());
    let other = store::Store::open(&url.into()).await.unwrap();
    other.cancel_run(&run.id, "ops", Time::now()).await.unwrap();
    scene
        .wait_for("the run to end", async |scene: &Scene| {
            scene.store().run(&run.id).await.unwrap().state == State::Cancelled
        })
        .await;
    gate.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_claim_writes_nothing_down() {
    let mut scene = Scene::one_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    let gate = Gate::new();
    scene
        .server
        .once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    arrival(&gate).await;
    // It takes nothing more; what it has, it goes on with.
    scene.app.stopping.cancel();
    // As another process sees it whose clock is ahead: the lease is over.
    let later = Time::now() + Duration::from_secs(60);
    let all = |_: &str, _: &str| true;
    let taken = scene
        .store()
        .claim("w2", &all, Duration::from_secs(60), later)
        .await
        .unwrap();
    assert!(taken.is_some());
    // The worker notices by its heartbeat, cuts the run and records nothing: it stops at once, though the server is silent.
    scene.stop().await;
    gate.open();
    let memory = scene.store().memory("app", None).await.unwrap();
    let before = gitwire::parse_oid(old.as_bytes()).unwrap();
    assert_eq!(
        memory.bases.values().copied().collect::<Vec<_>>(),
        [Base::Agreed(Some(before))]
    );
    assert_eq!(memory.intents.len(), 1);
    let states: Vec<State> = scene.runs().await.iter().map(|run| run.state).collect();
    assert_eq!(
        states.iter().filter(|state| **state == State::Failed).count(),
        1,
        "{states:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_gives_back_what_it_cuts() {
    let mut scene = Scene::of_file(two_way).await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    let gate = Gate::new();
    scene
        .server
        .once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    arrival(&gate).await;
    // A second signal does not wait for the grace time.
    scene.app.cut.cancel();
    let began = std::time::Instant::now();
    scene.stop().await;
    assert!(began.elapsed() < PATIENCE);
    gate.open();
    scene.server.wait_idle();
    let states: Vec<State> = scene.runs().await.iter().map(|run| run.state).collect();
    assert!(states.contains(&State::Cancelled), "{states:?}");

    scene.restart(two_way).await;
    // At once: the claim was given back.
    let due = scene.overview().await.next_at;
    assert!(due.is_some_and(|due| due <= Time::now()), "{due:?}");
    scene.start().await;
    scene.assert_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_process_finishes_what_is_under_way() {
    let mut scene = Scene::one_way("").await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    let gate = Gate::new();
    scene
        .server
        .once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    scene.hook(Side::Source, "main", Some(&old), Some(&new)).await;
    arrival(&gate).await;
    scene.app.stopping.cancel();
    gate.open();
    scene.stop().await;
    scene.assert_equal();
    assert_eq!(scene.last_run().await.state, State::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_yesterday_and_a_force_push_are_a_conflict() {
    let mut scene = Scene::of_file(two_way).await;
    scene.source.commit("main", "one");
    scene.start().await;
    let backup = scene.directory.path().join("yesterday.db");
    scene.store().backup(&backup).await.unwrap();

    let old = scene.both("main").0.unwrap();
    let today = scene.source.commit("main", "today");
    scene.hook(Side::Source, "main", Some(&old), Some(&today)).await;
    scene.settle().await;
    assert_eq!(scene.both("main").1, Some(today.clone()));
    scene.stop().await;

    scene.store().restore(&backup).await.unwrap();
    // Somebody rewinds the target to what the old database calls the base, and the source is rewritten.
    let rewritten = scene.source.commit_onto("main", None, "rewritten");
    scene.restart(two_way).await;
    scene.work();
    scene.sweep().await;
    assert_eq!(scene.both("main"), (Some(rewritten), Some(today)));
    let open = scene.store().conflicts(None, &Ask::default()).await.unwrap();
    assert_eq!(open.items.len(), 1);
}
