//! What would take away too much waits for a person.

use engine::guard::Guard;

use super::*;

/// A mirror with these bases, a guard and deletions.
fn guarded(scene: &Scene, known: &BTreeMap<RefName, Base>) -> Mirror {
    let known = known.clone();
    scene.mirror().sync_delete().with(|request| {
        request.keep_bases = true;
        request.asked = false;
        request.bases = known;
        request.guard = Some(Guard::default());
    })
}

fn held(done: &Done) -> usize {
    let references = done.report.references.iter();
    references.filter(|it| it.outcome == Outcome::Held).count()
}

#[tokio::test]
async fn six_deletions_of_twelve_are_held_and_creations_proceed() {
    for two_way in [false, true] {
        let (scene, known) = branches(11);
        (0..6).for_each(|number| scene.source.delete_ref(&format!("refs/heads/b{number}")));
        scene.source.commit("main", "on");
        scene.source.commit_onto("new", Some("main"), "new");
        let mirror = guarded(&scene, &known);
        let mirror = if two_way { mirror.two_way() } else { mirror };
        let done = mirror.run().await;
        assert_eq!((held(&done), done.exit()), (6, 3), "{:?}", done.report);
        assert_eq!(done.outcome("refs/heads/new"), Outcome::Created);
        assert_eq!(done.outcome(MAIN).to_string(), "fast-forwarded");
        assert_eq!(scene.target.refs().len(), 13);
        assert!(!bases(&done).contains_key("refs/heads/b0"), "its base stays");
    }
}

#[tokio::test]
async fn five_deletions_are_not_held() {
    let (scene, known) = branches(11);
    (0..5).for_each(|number| scene.source.delete_ref(&format!("refs/heads/b{number}")));
    let done = guarded(&scene, &known).run().await.ok();
    assert_eq!(held(&done), 0);
    scene.assert_same();
}

#[tokio::test]
async fn six_rewrites_are_held_and_six_fast_forwards_are_not() {
    let (scene, known) = branches(8);
    (0..6).for_each(|number| drop(scene.source.commit(&format!("b{number}"), "on")));
    let done = guarded(&scene, &known).run().await.ok();
    assert_eq!(held(&done), 0, "{:?}", done.report);
    scene.assert_same();
    let known = known
        .keys()
        .map(|it| (it.clone(), agreed(&scene.source, &it.to_string())))
        .collect();
    (0..6).for_each(|number| drop(scene.source.commit_onto(&format!("b{number}"), None, "rewritten")));
    let done = guarded(&scene, &known).run().await;
    assert_eq!(held(&done), 6);
    assert_eq!(scene.pushes().len(), 1, "the fast-forwards before");
}

#[tokio::test]
async fn six_fast_forwards_from_a_version_0_source_are_not_held() {
    for two_way in [false, true] {
        let (scene, known) = branches(8);
        scene
            .server
            .on(source(When::service(Service::UploadPack)), Then::Version0);
        (0..6).for_each(|number| drop(scene.source.commit(&format!("b{number}"), "on")));
        let mirror = guarded(&scene, &known);
        let mirror = if two_way { mirror.two_way() } else { mirror };
        let done = mirror.run().await.ok();
        assert_eq!(held(&done), 0, "{:?}", done.report);
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_source_that_was_made_anew_empty_deletes_nothing() {
    for two_way in [false, true] {
        let (scene, known) = branches(2);
        for reference in known.keys() {
            scene.source.delete_ref(&reference.to_string());
        }
        let before = scene.target.refs();
        let whole = guarded(&scene, &known);
        let narrowed = guarded(&scene, &known).only(&[MAIN]);
        for mirror in [whole, narrowed] {
            let mirror = if two_way { mirror.two_way() } else { mirror };
            let done = mirror.run().await;
            assert!(done.report.error.is_none(), "{:?}", done.report.error);
            assert_eq!(done.outcome(MAIN), Outcome::Held);
        }
        assert_eq!(scene.target.refs(), before);
    }
}

#[tokio::test]
async fn a_source_that_lacks_over_half_of_what_was_agreed_deletes_nothing() {
    let (scene, known) = branches(3);
    (0..3).for_each(|number| scene.source.delete_ref(&format!("refs/heads/b{number}")));
    let done = guarded(&scene, &known).run().await;
    assert_eq!(held(&done), 3);
    // A narrowed run knows only its own references, and is told how many there are.
    let narrowed = |size| {
        let mirror = guarded(&scene, &known).only(&["refs/heads/b0"]);
        mirror.with(|request| request.scope_size = size)
    };
    assert_eq!(held(&narrowed(Some(4)).run().await), 1);
    assert_eq!(scene.target.refs().len(), 4);
    let few = narrowed(Some(2)).run().await.ok();
    assert_eq!(few.outcome("refs/heads/b0"), Outcome::Deleted);
}

#[tokio::test]
async fn without_a_guard_what_was_held_is_released() {
    let (scene, known) = branches(7);
    (0..7).for_each(|number| scene.source.delete_ref(&format!("refs/heads/b{number}")));
    let done = guarded(&scene, &known).run().await;
    assert_eq!(held(&done), 7);
    let names: Vec<String> = (0..7).map(|number| format!("refs/heads/b{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let approved = guarded(&scene, &known)
        .only(&names)
        .with(|request| request.guard = None);
    assert_eq!(held(&approved.run().await.ok()), 0);
    scene.assert_same();
}
