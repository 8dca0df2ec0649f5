//! Without a base the events of webhooks may decide, as a chain from the value there to the value here.

use engine::decide::{Base, Hints, Moved, OldValue};
use engine::side::Side;
use gitwire::RefName;

use super::{conflicts, oid, repo, written};
use crate::mirror::Mirror;
use crate::scene::Scene;

const SIDES: [Side; 2] = [Side::Source, Side::Target];

/// A two-way mirror to which webhooks of a side told that `main` went from one value to the next.
fn told(scene: &Scene, side: Side, values: &[&str]) -> Mirror {
    hearing(scene.mirror().two_way(), side, values)
}

fn hearing(mirror: Mirror, side: Side, values: &[&str]) -> Mirror {
    let moves = values.windows(2).map(|pair| Moved {
        old: OldValue::At(oid(pair[0])),
        new: Some(oid(pair[1])),
    });
    let moves: Vec<Moved> = moves.collect();
    mirror.with(|request| {
        let name = RefName::new("refs/heads/main").unwrap();
        let hints: &mut Hints = request.hints.entry(name).or_default();
        // Deliveries come in any order.
        hints.events.of_mut(side).extend(moves.into_iter().rev());
    })
}

/// Both sides had `old`; one has rewritten it twice, to `new` in the end.
struct Rewritten {
    scene: Scene,
    old: String,
    between: String,
    new: String,
}

fn rewritten(side: Side) -> Rewritten {
    let scene = Scene::mirrored();
    let old = scene.source.resolve("main");
    let between = repo(&scene, side).commit_onto("main", Some("main~1"), "amended");
    let new = repo(&scene, side).commit_onto("main", Some("main~1"), "amended again");
    Rewritten {
        scene,
        old,
        between,
        new,
    }
}

#[tokio::test]
async fn a_chain_from_the_value_there_to_the_value_here_permits_a_rewrite() {
    for side in SIDES {
        let Rewritten {
            scene,
            old,
            between,
            new,
        } = rewritten(side);
        let done = told(&scene, side, &[&old, &between, &new]).run().await.ok();
        assert_eq!(
            written(&done, "refs/heads/main"),
            (side.other(), "forced, lease held".to_owned())
        );
        assert_eq!(repo(&scene, side.other()).resolve("main"), new);
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_late_event_undoes_nothing_that_a_person_did_since() {
    for side in SIDES {
        // Told is only the first move; its side has moved on since, or a person has moved it.
        let Rewritten {
            scene, old, between, ..
        } = rewritten(side);
        conflicts(&scene, told(&scene, side, &[&old, &between])).await;
    }
}

#[tokio::test]
async fn a_chain_with_a_gap_permits_nothing() {
    for side in SIDES {
        let Rewritten {
            scene, between, new, ..
        } = rewritten(side);
        conflicts(&scene, told(&scene, side, &[&between, &new])).await;
    }
}

#[tokio::test]
async fn events_of_the_wrong_side_permit_nothing() {
    for side in SIDES {
        let Rewritten {
            scene,
            old,
            between,
            new,
        } = rewritten(side);
        conflicts(&scene, told(&scene, side.other(), &[&old, &between, &new])).await;
    }
}

#[tokio::test]
async fn chains_of_both_sides_cancel_each_other() {
    for side in SIDES {
        let Rewritten {
            scene,
            old,
            between,
            new,
        } = rewritten(side);
        let mirror = told(&scene, side, &[&old, &between, &new]);
        let mirror = hearing(mirror, side.other(), &[&new, &old]);
        conflicts(&scene, mirror).await;
    }
}

#[tokio::test]
async fn events_never_widen_a_base() {
    for side in SIDES {
        let Rewritten {
            scene,
            old,
            between,
            new,
        } = rewritten(side);
        for base in [Base::Void, Base::Agreed(Some(oid(&between)))] {
            let mirror = told(&scene, side, &[&old, &between, &new]).with(|request| {
                let name = RefName::new("refs/heads/main").unwrap();
                request.bases.insert(name, base);
            });
            conflicts(&scene, mirror).await;
        }
    }
}

#[tokio::test]
async fn events_in_a_circle_end() {
    let Rewritten {
        scene, old, between, ..
    } = rewritten(Side::Source);
    conflicts(
        &scene,
        told(&scene, Side::Source, &[&old, &between, &old, &between]),
    )
    .await;
}
