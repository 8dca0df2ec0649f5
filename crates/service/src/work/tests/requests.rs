//! How many requests a host gets at a time.

use store::Time;
use testkit::{Gate, Repo, Then, When};

use super::scene::{Scene, fleet};

/// So many mirrors whose sides lie on one host, which gets at most so many requests at a time.
async fn on_one_host(mirrors: usize, at_most: u32) -> Scene {
    let targets: Vec<String> = (0..mirrors).map(|number| format!("t{number}.git")).collect();
    let budget = format!("maxConcurrent: {at_most}");
    let scene = Scene::of_file(|base| fleet(base, &budget, targets.clone())).await;
    for target in &targets {
        Repo::bare(scene.directory.path().join(target));
    }
    scene.source.commit("main", "one");
    scene
}

async fn done(scene: &Scene) {
    scene
        .wait_for("all mirrors", async |scene: &Scene| {
            scene.store().queue_state(Time::now()).await.unwrap().0 == 0
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_gets_no_more_requests_at_a_time_than_its_budget_has() {
    let mut scene = on_one_host(6, 4).await;
    let gate = Gate::new();
    scene.server.on(When::any(), Then::Hold(gate.clone()));
    scene.work();
    scene
        .wait_for("two runs to ask for both sides each", async |scene: &Scene| {
            scene.server.most_at_once() == 4
        })
        .await;
    gate.open();
    done(&scene).await;
    assert_eq!(scene.server.most_at_once(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_within_a_host_that_takes_one_request_at_a_time_gets_the_two_it_needs() {
    let mut scene = on_one_host(3, 1).await;
    scene.work();
    done(&scene).await;
    assert_eq!(scene.server.most_at_once(), 2);
}
