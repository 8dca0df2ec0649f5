//! What a person orders is done if the sides still are what they were shown.

use engine::order::Order;

use super::*;

fn ordered(mirror: Mirror, reference: &str, order: Order) -> Mirror {
    mirror.only(&[]).with(|request| {
        request.orders.insert(name(reference), order);
    })
}

/// Both sides rewrote `main`.
fn conflict() -> Scene {
    let scene = Scene::mirrored();
    scene.source.commit_onto("main", None, "ours");
    scene.target.commit_onto("main", None, "theirs");
    scene
}

#[tokio::test]
async fn a_conflict_ends_with_the_side_that_was_taken() {
    for from in [Side::Source, Side::Target] {
        let scene = conflict();
        let expect = seen(&scene, MAIN);
        let taken = *expect.of(from);
        let mirror = ordered(
            scene.mirror().two_way().base(MAIN, Base::Void),
            MAIN,
            Order::Take { from, expect },
        );
        let done = mirror.run().await.ok();
        assert_eq!(done.report.references[0].to, from.other());
        assert_eq!(value(&scene.source, MAIN), taken);
        assert_eq!(
            bases(&done),
            BTreeMap::from([(MAIN.to_owned(), Base::Agreed(taken))])
        );
        scene.assert_same();
    }
}

#[tokio::test]
async fn an_order_for_other_values_than_those_that_were_shown_is_refused() {
    for side in [Side::Source, Side::Target] {
        let scene = conflict();
        let expect = seen(&scene, MAIN);
        let repo = if side == Side::Source {
            &scene.source
        } else {
            &scene.target
        };
        repo.commit("main", "moved meanwhile");
        let before = (scene.source.refs(), scene.target.refs());
        let order = Order::Take {
            from: Side::Source,
            expect,
        };
        let done = ordered(scene.mirror().two_way(), MAIN, order).run().await;
        assert_eq!(
            (done.outcome(MAIN), done.exit()),
            (Outcome::Refused(Refusal::Moved), 3)
        );
        assert_eq!((scene.source.refs(), scene.target.refs()), before);
    }
}

#[tokio::test]
async fn taking_the_side_that_has_nothing_deletes_the_other() {
    let scene = Scene::new();
    scene.source.commit_onto("topic", Some("main"), "topic");
    scene.copy();
    scene.target.delete_ref(TOPIC);
    let order = Order::Take {
        from: Side::Target,
        expect: seen(&scene, TOPIC),
    };
    let done = ordered(scene.mirror().two_way(), TOPIC, order).run().await.ok();
    assert_eq!(done.outcome(TOPIC), Outcome::Deleted);
    assert_eq!(scene.source.get(TOPIC), None);
}

#[tokio::test]
async fn a_value_that_was_replaced_is_put_back_with_an_empty_pack() {
    let scene = Scene::mirrored();
    let old = value(&scene.target, MAIN);
    scene.source.commit_onto("main", None, "rewritten");
    scene.mirror().base(MAIN, Base::Agreed(old)).run().await.ok();
    scene.assert_same();
    scene.server.forget();
    let order = Order::Put {
        to: Side::Target,
        expect: value(&scene.target, MAIN),
        value: old,
    };
    let done = ordered(
        scene.mirror().base(MAIN, agreed(&scene.source, MAIN)),
        MAIN,
        order,
    );
    let done = done.run().await.ok();
    assert_eq!(value(&scene.target, MAIN), old);
    assert_ne!(scene.source.get(MAIN), scene.target.get(MAIN));
    assert_eq!((scene.fetches().len(), scene.pushes().len()), (0, 1));
    assert_eq!(bases(&done), BTreeMap::from([(MAIN.to_owned(), Base::Void)]));
}

#[tokio::test]
async fn what_the_target_no_longer_has_is_not_put_back() {
    let scene = Scene::mirrored();
    let before = scene.target.refs();
    let lost = "1".repeat(40);
    let order = Order::Put {
        to: Side::Target,
        expect: value(&scene.target, MAIN),
        value: gitwire::parse_oid(lost.as_bytes()).ok(),
    };
    let done = ordered(scene.mirror(), MAIN, order).run().await;
    assert!(
        matches!(done.outcome(MAIN), Outcome::Rejected(_)),
        "{:?}",
        done.report
    );
    assert_eq!(scene.target.refs(), before);
}

#[tokio::test]
async fn a_value_is_parked_outside_of_the_scope_and_brought_from_the_other_side() {
    let scene = conflict();
    let parked = "refs/heads/refsync/parked/main";
    let theirs = value(&scene.target, MAIN);
    let order = Order::Put {
        to: Side::Source,
        expect: None,
        value: theirs,
    };
    let mirror = scene
        .mirror()
        .two_way()
        .references(&[MAIN, "^refs/heads/refsync/*"]);
    let done = ordered(mirror.with(|request| request.keep_bases = true), parked, order);
    let done = done.run().await.ok();
    assert_eq!(done.outcome(parked), Outcome::Created);
    assert_eq!(value(&scene.source, parked), theirs);
    assert_eq!(scene.target.get(parked), None);
    assert_eq!(
        bases(&done),
        BTreeMap::new(),
        "it may still be made on the other side"
    );
    scene.source.fsck_strict();
}

#[tokio::test]
async fn a_reference_that_was_put_where_it_is_already_is_up_to_date() {
    let scene = Scene::mirrored();
    let here = value(&scene.target, MAIN);
    let order = Order::Put {
        to: Side::Target,
        expect: None,
        value: here,
    };
    let done = ordered(scene.mirror(), MAIN, order).run().await.ok();
    assert_eq!(done.outcome(MAIN), Outcome::UpToDate);
    assert_eq!(scene.pushes().len(), 0);
}
