//! Runs that a person asks for.

use store::run::{Inputs, State};

use super::fixture::caller;
use super::scene::Scene;
use crate::ops::ask;

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_and_tells_what_it_would() {
    let mut scene = Scene::one_way("").await;
    scene.start().await;
    scene.source.commit("main", "one");
    let run = scene
        .ask(Inputs {
            dry_run: true,
            ..Inputs::default()
        })
        .await;
    assert_eq!((run.state, run.written), (State::Succeeded, 0));
    assert_eq!(scene.refs_of(&run).await[0].outcome, "created");
    assert_eq!(scene.both("main").1, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_two_way_mirror_runs_the_other_way_by_hand() {
    let mut scene = Scene::two_way("").await;
    scene.source.commit("main", "one");
    scene.start().await;
    let there = testkit::Repo::open(scene.target.path()).commit("main", "there");
    scene.source.commit("other", "here");
    let run = scene
        .ask(Inputs {
            reverse: true,
            ..Inputs::default()
        })
        .await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    assert_eq!(scene.both("main").0, Some(there));
    assert_eq!(scene.both("other").1, None, "nothing went from source to target");
    let rows = scene.refs_of(&run).await;
    let main = rows.iter().find(|row| row.name.short() == "main").unwrap();
    assert_eq!(main.to, engine::side::Side::Source);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_value_given_by_a_person_is_taken_as_given() {
    let mut scene = Scene::one_way("").await;
    let theirs = scene.target.commit("main", "theirs");
    let ours = scene.source.commit("main", "ours");
    scene.start().await;
    assert_eq!(
        scene.both("main").1,
        Some(theirs.clone()),
        "unrelated histories are not replaced"
    );
    let inputs = |old: &str| Inputs {
        references: vec!["refs/heads/main".into()],
        reference_sha_old: Some(old.to_owned()),
        ..Inputs::default()
    };
    assert_eq!(scene.ask(inputs(&ours)).await.state, State::Refused);
    assert_eq!(scene.ask(inputs(&theirs)).await.state, State::Succeeded);
    assert_eq!(scene.both("main").1, Some(ours));
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_make_no_run_are_told() {
    let mut scene = Scene::two_way("").await;
    scene.start().await;
    let run = scene
        .ask(Inputs {
            force: Some("always".into()),
            ..Inputs::default()
        })
        .await;
    assert_eq!(run.state, State::Failed);
    assert!(run.fault.unwrap().message.contains("two-way"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_off_run_reaches_only_hosts_that_are_allowed() {
    for (allow, state) in [
        ("allowHosts: [127.0.0.1]\n", State::Succeeded),
        ("", State::Failed),
    ] {
        let mut scene = Scene::of_file(|base| {
            format!("{allow}mirrors:\n  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: off}}\n")
        })
        .await;
        scene.start().await;
        scene.source.commit("main", "one");
        let run = scene.made(scene.one_off()).await;
        assert_eq!(run.state, state, "{run:?}");
        assert_eq!(scene.both("main").1.is_some(), state == State::Succeeded);
    }
}

/// Without a mirror nothing is remembered, and so no base proves that a rewrite is meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_one_off_run_that_would_rewrite_much_is_held_released_and_undone() {
    let mut scene = Scene::of_file(|base| {
        format!("allowHosts: [127.0.0.1]\nmirrors:\n  - {{name: app, source: {base}/source.git, target: {base}/target.git, sweep: off}}\n")
    })
    .await;
    let copy = testkit::Repo::bare(scene.directory.path().join("copy.git"));
    let branches: Vec<String> = (0..8).map(|number| format!("b{number}")).collect();
    let commit = |scene: &Scene, text: &str| -> Vec<Option<String>> {
        let commit = |branch: &String| Some(scene.source.commit_onto(branch, None, text));
        branches.iter().map(commit).collect()
    };
    let there = || -> Vec<Option<String>> {
        let value = |branch: &String| copy.get(&format!("refs/heads/{branch}"));
        branches.iter().map(value).collect()
    };
    let old = commit(&scene, "old");
    scene.start().await;
    let inputs = Inputs {
        source_url: scene.server.url("source.git"),
        target_url: scene.server.url("copy.git"),
        force: Some("always".into()),
        ..Inputs::default()
    };
    let run = store::run::Run {
        mirror: None,
        ..scene.asked(inputs.clone())
    };
    scene.store().ask_run(&run, store::Time::now()).await.unwrap();
    assert_eq!(scene.ended(&run.id).await.state, State::Succeeded);
    assert_eq!(there(), old);

    let new = commit(&scene, "new");
    let run = store::run::Run {
        mirror: None,
        ..scene.asked(inputs)
    };
    scene.store().ask_run(&run, store::Time::now()).await.unwrap();
    let held = scene.ended(&run.id).await;
    assert_eq!((held.state, held.written), (State::Held, 0), "{held:?}");
    assert_eq!(there(), old);

    let approved = ask::approve(&scene.app, &caller(None), &held.id).await.unwrap();
    assert_eq!(scene.ended(&approved.id).await.state, State::Succeeded);
    assert_eq!(there(), new);
    let undone = ask::undo(&scene.app, &caller(None), &approved.id).await.unwrap();
    assert_eq!(scene.ended(&undone.id).await.state, State::Succeeded);
    assert_eq!(there(), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_given_by_hand_reach_nothing_that_the_mirror_leaves_out() {
    let scope = "    references: ['refs/heads/*', '^refs/heads/secret/*']\n";
    let mut scene = Scene::one_way(scope).await;
    scene.start().await;
    let shown = scene.source.commit("main", "shown");
    scene.source.commit("secret/plan", "hidden");
    let asking = |pattern: &str| Inputs {
        references: vec![pattern.to_owned()],
        ..Inputs::default()
    };
    let run = scene.ask(asking("refs/*")).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    assert_eq!(scene.both("main").1, Some(shown));
    assert_eq!(scene.both("secret/plan").1, None);
    let run = scene.ask(asking("refs/heads/secret/plan")).await;
    assert_eq!(run.state, State::Failed);
    assert!(run.fault.unwrap().message.contains("not in the scope"));
    assert_eq!(scene.both("secret/plan").1, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_one_way_by_now_does_not_run_in_reverse() {
    let mut scene = Scene::one_way("").await;
    scene.start().await;
    scene.target.commit("main", "theirs");
    let run = scene
        .ask(Inputs {
            reverse: true,
            ..Inputs::default()
        })
        .await;
    assert_eq!(run.state, State::Failed, "{run:?}");
    assert!(run.fault.unwrap().message.contains("one-way"));
    assert_eq!(scene.both("main").0, None);
}
