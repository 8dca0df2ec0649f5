//! Runs over a few references of the scope.

use super::*;

#[tokio::test]
async fn only_these_references_are_listed_reported_and_written() {
    for two_way in [false, true] {
        let (scene, _) = branches(2);
        scene.source.commit("main", "on");
        scene.source.commit("b0", "on");
        let mirror = scene.mirror().only(&[MAIN, "refs/heads/b1"]);
        let mirror = if two_way { mirror.two_way() } else { mirror };
        let done = mirror.run().await.ok();
        let names: Vec<String> = done
            .report
            .references
            .iter()
            .map(|it| it.name.to_string())
            .collect();
        assert_eq!(names, ["refs/heads/b1", MAIN]);
        assert_eq!(done.outcome("refs/heads/b1"), Outcome::UpToDate);
        assert_eq!(scene.target.get(MAIN), scene.source.get(MAIN));
        assert_ne!(
            scene.target.get("refs/heads/b0"),
            scene.source.get("refs/heads/b0")
        );
        // A receive-pack lists everything; an upload-pack what it is asked for.
        assert_eq!(done.report.scope.target, 3);
        assert_eq!(done.report.scope.source, if two_way { 3 } else { 2 });
    }
}

#[tokio::test]
async fn what_is_not_in_scope_is_no_part_of_a_narrowed_run() {
    let scene = Scene::new();
    scene.source.commit_onto("tmp/x", Some("main"), "x");
    let mirror = scene.mirror().references(&["refs/heads/*", "^refs/heads/tmp/*"]);
    let done = mirror
        .only(&["refs/heads/tmp/x", "refs/notes/a"])
        .run()
        .await
        .ok();
    assert_eq!(done.report.references, []);
    assert_eq!(scene.target.refs().len(), 0);
}

#[tokio::test]
async fn a_reference_that_nobody_has_is_reported_and_forgotten() {
    let scene = Scene::mirrored();
    let base = agreed(&scene.source, MAIN);
    let done = scene
        .mirror()
        .only(&["refs/heads/gone"])
        .base("refs/heads/gone", base);
    let done = done.run().await.ok();
    assert_eq!(done.outcome("refs/heads/gone"), Outcome::UpToDate);
    assert_eq!(
        bases(&done),
        BTreeMap::from([("refs/heads/gone".to_owned(), Base::Unknown)])
    );
}

#[tokio::test]
async fn a_webhooks_reference_does_not_count_as_asked_for_by_a_person() {
    // The target's own branch: a person who names it has it deleted, a webhook that does has not.
    let scene = Scene::mirrored();
    scene.target.commit_onto("own", Some("main"), "own");
    let done = scene
        .mirror()
        .sync_delete()
        .only(&["refs/heads/own"])
        .run()
        .await
        .ok();
    assert_eq!(done.outcome("refs/heads/own"), Outcome::LeftAlone);
    // Nor in a sweep of a mirror whose scope is that very name.
    let sweep = scene.mirror().sync_delete().references(&["refs/heads/own"]);
    let done = sweep.with(|request| request.asked = false).run().await.ok();
    assert_eq!(done.outcome("refs/heads/own"), Outcome::LeftAlone);
    let asked = scene
        .mirror()
        .sync_delete()
        .references(&["refs/heads/own"])
        .run()
        .await
        .ok();
    assert_eq!(asked.outcome("refs/heads/own"), Outcome::Deleted);
}
