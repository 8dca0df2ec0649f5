//! What both sides last agreed on decides where both have changed.

use engine::decide::{Base, Force, Refusal};
use engine::report::Outcome;
use engine::side::{Both, Side};
use gitwire::RefName;

use super::{both, conflicts, oid, repo, written};
use crate::mirror::Mirror;
use crate::scene::Scene;

const SIDES: [Side; 2] = [Side::Source, Side::Target];

/// Gives a reference a base.
fn base_of(mirror: Mirror, name: &str, base: Base) -> Mirror {
    mirror.with(|request| {
        request.bases.insert(RefName::new(name).unwrap(), base);
    })
}

/// A two-way mirror that knows this base of `main`.
fn with_base(scene: &Scene, base: Base) -> Mirror {
    base_of(scene.mirror().two_way(), "refs/heads/main", base)
}

/// The base is what both sides have now.
fn agreed(scene: &Scene) -> Base {
    Base::Agreed(Some(oid(&scene.source.resolve("main"))))
}

#[tokio::test]
async fn a_rewrite_on_one_side_goes_to_the_side_that_still_has_the_base() {
    for side in SIDES {
        let scene = Scene::mirrored();
        let base = agreed(&scene);
        let new = repo(&scene, side).commit_onto("main", None, "rewritten");
        let done = with_base(&scene, base).run().await.ok();
        assert_eq!(
            written(&done, "refs/heads/main"),
            (side.other(), "forced, lease held".to_owned())
        );
        assert_eq!(repo(&scene, side.other()).resolve("main"), new);
        scene.assert_same();
    }
}

#[tokio::test]
async fn without_the_base_the_same_rewrite_is_a_conflict() {
    for side in SIDES {
        let scene = Scene::mirrored();
        repo(&scene, side).commit_onto("main", None, "rewritten");
        conflicts(&scene, scene.mirror().two_way()).await;
        conflicts(&scene, with_base(&scene, Base::Void)).await;
    }
}

#[tokio::test]
async fn a_rewind_goes_to_the_side_that_still_has_the_base() {
    for side in SIDES {
        let scene = Scene::mirrored();
        let base = agreed(&scene);
        let old = scene.source.resolve("main~1");
        repo(&scene, side).set_ref("refs/heads/main", &old);
        let done = with_base(&scene, base).run().await.ok();
        assert_eq!(written(&done, "refs/heads/main").0, side.other());
        assert_eq!(scene.source.resolve("main"), old);
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_rewind_is_not_undone_by_an_advance_of_the_other_side() {
    for side in SIDES {
        let scene = Scene::mirrored();
        let base = agreed(&scene);
        let old = scene.source.resolve("main~1");
        repo(&scene, side).set_ref("refs/heads/main", &old);
        repo(&scene, side.other()).commit("main", "on");
        conflicts(&scene, with_base(&scene, base)).await;
    }
}

#[tokio::test]
async fn two_advances_of_which_one_has_the_other_go_on() {
    for side in SIDES {
        let scene = Scene::mirrored();
        let base = agreed(&scene);
        scene.source.commit("main", "four");
        scene.copy();
        repo(&scene, side).commit("main", "five");
        let done = with_base(&scene, base).run().await.ok();
        assert_eq!(
            written(&done, "refs/heads/main"),
            (side.other(), "fast-forwarded".to_owned())
        );
        scene.assert_same();
    }
}

#[tokio::test]
async fn force_never_rewrites_nothing_whatever_the_base() {
    for side in SIDES {
        let scene = Scene::mirrored();
        let base = agreed(&scene);
        repo(&scene, side).commit_onto("main", None, "rewritten");
        let before = both(&scene);
        let done = with_base(&scene, base).force(Force::Never).run().await;
        assert_eq!((done.exit(), both(&scene)), (2, before));
    }
}

/// A scene whose base of `topic` is known, and that one side has deleted it.
fn deleted_on(side: Side) -> (Scene, Mirror) {
    let scene = Scene::new();
    let topic = scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    repo(&scene, side).delete_ref("refs/heads/topic");
    let base = Base::Agreed(Some(oid(&topic)));
    let mirror = base_of(scene.mirror().two_way(), "refs/heads/topic", base);
    (scene, mirror)
}

#[tokio::test]
async fn a_deletion_is_mirrored_only_where_that_is_allowed() {
    for side in SIDES {
        let (scene, mirror) = deleted_on(side);
        let before = both(&scene);
        let done = mirror.run().await.ok();
        assert_eq!(done.outcome("refs/heads/topic"), Outcome::DeletionSkipped);
        assert_eq!(both(&scene), before, "neither deleted nor brought back");

        // Allowed on the side that deleted it itself: the other still keeps its own.
        let (scene, mirror) = deleted_on(side);
        let before = both(&scene);
        let mut allowed = Both::default();
        *allowed.of_mut(side) = true;
        let mirror = mirror.with(|request| request.policy.sync_delete = allowed);
        let done = mirror.run().await.ok();
        assert_eq!(done.outcome("refs/heads/topic"), Outcome::DeletionSkipped);
        assert_eq!(both(&scene), before);

        let (scene, mirror) = deleted_on(side);
        let mut allowed = Both::default();
        *allowed.of_mut(side.other()) = true;
        let mirror = mirror.with(|request| request.policy.sync_delete = allowed);
        let done = mirror.run().await.ok();
        assert_eq!(
            written(&done, "refs/heads/topic"),
            (side.other(), "deleted".to_owned())
        );
        assert_eq!(scene.source.refs().len(), 1);
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_deletion_against_a_move_is_a_conflict() {
    for side in SIDES {
        let (scene, mirror) = deleted_on(side);
        repo(&scene, side.other()).commit("topic", "on");
        let before = both(&scene);
        let done = mirror.sync_delete().run().await;
        assert_eq!(done.outcome("refs/heads/topic"), super::CONFLICT);
        assert_eq!((done.exit(), both(&scene)), (3, before));
    }
}

#[tokio::test]
async fn what_a_void_base_knows_of_one_side_alone_is_never_brought_back() {
    for side in SIDES {
        let (scene, mirror) = deleted_on(side);
        let mirror = base_of(mirror, "refs/heads/topic", Base::Void);
        let before = both(&scene);
        let done = mirror.run().await.ok();
        assert_eq!(done.outcome("refs/heads/topic"), Outcome::LeftAlone);
        assert_eq!(both(&scene), before);
    }
}

#[tokio::test]
async fn what_a_void_base_knows_of_one_side_alone_is_for_people_to_decide_where_deletions_are_mirrored() {
    for side in SIDES {
        let (scene, mirror) = deleted_on(side);
        let mirror = base_of(mirror.sync_delete(), "refs/heads/topic", Base::Void);
        let before = both(&scene);
        let done = mirror.run().await;
        assert_eq!(
            done.outcome("refs/heads/topic"),
            Outcome::Refused(Refusal::Conflict)
        );
        assert_eq!(both(&scene), before);
    }
}

#[tokio::test]
async fn a_name_that_both_lacked_is_created() {
    for side in SIDES {
        let scene = Scene::mirrored();
        repo(&scene, side).commit_onto("topic", Some("main"), "new");
        let mirror = base_of(scene.mirror().two_way(), "refs/heads/topic", Base::Agreed(None));
        let done = mirror.run().await.ok();
        assert_eq!(
            written(&done, "refs/heads/topic"),
            (side.other(), "created".to_owned())
        );
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_void_base_ends_by_descent() {
    for side in SIDES {
        let scene = Scene::mirrored();
        repo(&scene, side).commit("main", "on");
        let done = with_base(&scene, Base::Void).run().await.ok();
        assert_eq!(
            written(&done, "refs/heads/main"),
            (side.other(), "fast-forwarded".to_owned())
        );
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_tag_moves_from_the_base_and_only_from_there() {
    for side in SIDES {
        let scene = Scene::mirrored();
        scene.source.tag_light("v1", "main~1");
        scene.copy();
        let base = Base::Agreed(Some(oid(&scene.source.resolve("v1"))));
        let mirror = || base_of(scene.mirror().two_way(), "refs/tags/v1", base);
        repo(&scene, side).tag_light("v1", "main");
        let done = mirror().run().await.ok();
        assert_eq!(written(&done, "refs/tags/v1").0, side.other());
        scene.assert_same();

        repo(&scene, side).tag_light("v1", "main~2");
        let before = both(&scene);
        let done = mirror().run().await;
        assert_eq!(done.outcome("refs/tags/v1"), super::CONFLICT);
        assert_eq!(both(&scene), before);
    }
}
