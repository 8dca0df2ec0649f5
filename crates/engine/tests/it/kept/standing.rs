//! References that wait until a side changes.

use super::*;

#[tokio::test]
async fn what_was_left_with_these_values_is_not_tried_again_until_one_changes() {
    let scene = Scene::mirrored();
    scene.source.commit("main", "on");
    scene.target.hook("pre-receive", "exit 1");
    let left = seen(&scene, MAIN);
    let waits = |mirror: Mirror| {
        mirror.with(|request| {
            request.standing.insert(name(MAIN), left);
        })
    };
    let done = waits(scene.mirror()).run().await;
    assert_eq!(done.outcome(MAIN), Outcome::Standing);
    assert_eq!(done.report.references[0].seen, left);
    assert_eq!((scene.pushes().len(), scene.fetches().len()), (0, 0));

    scene.source.commit("main", "further");
    let done = waits(scene.mirror()).run().await;
    assert!(matches!(done.outcome(MAIN), Outcome::Rejected(_)));
    assert_eq!(scene.pushes().len(), 1);
}

#[tokio::test]
async fn what_waited_and_is_equal_now_is_up_to_date() {
    let scene = Scene::mirrored();
    let left = seen(&scene, MAIN);
    let mirror = scene.mirror().only(&[MAIN]);
    let done = mirror.with(|request| {
        request.standing.insert(name(MAIN), left);
    });
    assert_eq!(done.run().await.ok().outcome(MAIN), Outcome::UpToDate);
}
