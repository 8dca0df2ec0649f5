//! What nobody told.

use store::run::State;

use super::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_finds_what_no_webhook_told_and_counts_it() {
    let mut scene = Scene::of_file(|base| {
        let host = base.trim_start_matches("http://");
        format!(
            "credentials:\n  ghe: {{host: \"{host}\", provider: github}}\n\
             mirrors:\n  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: 1s}}\n"
        )
    })
    .await;
    scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    scene
        .wait_for("the sweep", async |scene: &Scene| {
            scene.both("main").1.as_deref() == Some(new.as_str())
        })
        .await;
    scene.settle().await;
    let run = scene.last_run().await;
    assert_eq!((run.state, run.trigger.as_str()), (State::Succeeded, "sweep"));
    let found = scene.store().found_by_sweeps(store::Time(0)).await.unwrap();
    assert_eq!(found, [("ghe".to_owned(), 1)]);
}
