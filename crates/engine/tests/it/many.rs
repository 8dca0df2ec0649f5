//! Size: many references, in requests that servers take.

use engine::event::Event;
use engine::report::Outcome;

use crate::scene::{Scene, text};

/// Has the target note the number of commands of each push.
fn count_commands(scene: &Scene) {
    scene.target.hook("pre-receive", "wc -l >>commands");
}

fn commands(scene: &Scene) -> Vec<usize> {
    let noted = std::fs::read_to_string(scene.target.git_dir().join("commands")).unwrap();
    noted.lines().map(|line| line.trim().parse().unwrap()).collect()
}

#[tokio::test]
async fn more_references_than_a_push_may_hold_go_in_several() {
    let scene = Scene::mirrored();
    scene.source.many_refs("refs/heads/many", 2_001);
    count_commands(&scene);
    let done = scene.mirror().run().await.ok();
    assert_eq!(done.report.references.len(), 2_001);
    assert!(
        done.report
            .references
            .iter()
            .all(|one| one.outcome == Outcome::Created)
    );
    assert_eq!(commands(&scene), [2_000, 1]);
    scene.assert_same();

    // The first push carried the pack of all, so nothing was fetched for the others.
    assert_eq!(scene.fetches().len(), 1);
    let packs = done
        .events
        .iter()
        .filter(|event| matches!(event, Event::PackStarted { .. }));
    assert_eq!(packs.count(), 1);
    let last = scene.pushes().pop().unwrap();
    assert!(
        last.body_length < 500,
        "the last push has one command and the empty pack: {last:?}"
    );
}

#[tokio::test]
async fn into_an_empty_target_the_branch_of_the_head_goes_first_and_alone() {
    let scene = Scene::new();
    for name in ["a", "b", "z"] {
        scene.source.commit_onto(name, Some("main"), name);
    }
    scene.source.commit("trunk", "the default branch");
    scene.source.symbolic_ref("HEAD", "refs/heads/trunk");
    count_commands(&scene);
    scene.target.hook("update", "echo $1 >>order");
    scene.mirror().run().await.ok();
    assert_eq!(commands(&scene), [1, 4]);
    let order = std::fs::read_to_string(scene.target.git_dir().join("order")).unwrap();
    assert_eq!(order.lines().next(), Some("refs/heads/trunk"));
    assert_eq!(scene.fetches().len(), 1, "the first push carries the pack of all");
    scene.assert_same();
}

#[tokio::test]
async fn a_value_of_many_references_is_wanted_once() {
    // With a fast-forward among them, and without.
    for branch in ["main", "other"] {
        let scene = Scene::mirrored();
        let new = scene.source.commit(branch, "four");
        for number in 0..20 {
            scene.source.set_ref(&format!("refs/heads/same{number}"), &new);
        }
        scene.mirror().run().await.ok();
        for fetch in scene.fetches() {
            let wants = text(&fetch).matches(&format!("want {new}")).count();
            assert_eq!(wants, 1, "{}", text(&fetch));
        }
        scene.assert_same();
    }
}

#[tokio::test]
async fn what_is_equal_is_counted_and_not_kept() {
    let scene = Scene::new();
    scene.source.many_refs("refs/tags/many", 500);
    scene.copy();
    let done = scene.mirror().run().await.ok();
    assert_eq!((done.report.in_sync, done.report.references.len()), (501, 0));
    assert_eq!(scene.pushes().len() + scene.fetches().len(), 0);
}
