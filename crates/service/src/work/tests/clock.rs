//! What nobody told.

use std::time::Duration;

use store::Time;
use store::queue::Quietly;
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
    let found = scene.store().found_by_sweeps(Time(0)).await.unwrap();
    assert_eq!(found, [("ghe".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_of_a_schedule_that_passed_while_no_process_ran_is_made_up_once() {
    let mut scene = Scene::of(|base| {
        format!(
            "  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: off, schedule: \"0 2 * * *\"}}\n"
        )
    })
    .await;
    scene.source.commit("main", "one");
    scene.start().await;
    scene.stop().await;
    let after_first = scene.runs().await.len();

    // Every process was gone since yesterday.
    let mut known = scene.overview().await.known;
    let schedule = known.schedule.take();
    let yesterday = Time(Time::now().0 - 25 * 3_600_000);
    scene.store().adopt(&[known.clone()], yesterday).await.unwrap();
    known.schedule = schedule;
    scene.store().adopt(&[known.clone()], yesterday).await.unwrap();
    let new = scene.source.commit("main", "two");
    scene
        .restart(|base| {
            format!(
                "mirrors:\n  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: off, schedule: \"0 2 * * *\"}}\n"
            )
        })
        .await;
    scene.work();
    scene
        .wait_for("what was scheduled", async |scene: &Scene| {
            scene.both("main").1.as_deref() == Some(new.as_str())
        })
        .await;
    scene.settle().await;
    let runs = scene.runs().await;
    assert_eq!(runs.len(), after_first + 1, "{runs:?}");
    assert_eq!(runs[0].trigger, "schedule");
    let left = scene.store().schedules().await.unwrap();
    assert!(left[0].up_to > Time(Time::now().0 - 60_000), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_sees_what_the_last_run_saw_is_no_run() {
    for direction in ["one-way", "two-way"] {
        let mut scene = Scene::of_file(|base| {
            format!(
                "mirrors:\n  - {{name: app, source: {base}/source.git, target: {base}/target.git, direction: {direction}, sweep: 1s}}\n"
            )
        })
        .await;
        scene.source.commit("main", "one");
        scene.start().await;
        // A look at the queue: nothing is taken.
        let fence = async |scene: &Scene| {
            let long_after = Time::now() + Duration::from_secs(3_600);
            let come = scene
                .store()
                .mark_sweeps(long_after, 10, &|_| Quietly::Spared)
                .await
                .unwrap();
            come.spared.first().map(|quiet| quiet.fence)
        };
        let looked = async |scene: &Scene| scene.overview().await.in_sync_at;
        let known = fence(&scene).await.expect("nothing is due");
        for _ in 0..2 {
            let before = looked(&scene).await;
            scene
                .wait_for("a glance", async |scene: &Scene| looked(scene).await > before)
                .await;
        }
        assert_eq!(
            fence(&scene).await,
            Some(known),
            "{direction}: nobody claimed the mirror"
        );

        let new = scene.source.commit("main", "two");
        scene
            .wait_for("what no webhook told", async |scene: &Scene| {
                scene.both("main").1.as_deref() == Some(new.as_str())
            })
            .await;
        scene.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_goes_back_to_what_it_was_before_the_run_is_not_in_sync() {
    let mut scene = Scene::of(|base| {
        format!("  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: 1s}}\n")
    })
    .await;
    let old = scene.source.commit("main", "one");
    scene.start().await;
    let new = scene.source.commit("main", "two");
    for _ in 0..2 {
        scene
            .wait_for("the sweep", async |scene: &Scene| {
                scene.both("main").1.as_deref() == Some(new.as_str())
            })
            .await;
        scene.settle().await;
        scene.target.git(&["update-ref", "refs/heads/main", &old]);
    }
}
