//! What a webhook told is asked for while both sides are still being listed, and decides nothing.

use engine::Clients;
use engine::decide::{Base, Moved, OldValue, Refusal};
use engine::report::Outcome;
use engine::side::Side;
use gitwire::{Oid, RefName};
use testkit::{Gate, Service, Then};

use crate::mirror::{Mirror, until};
use crate::scene::{Scene, target_listing};

const MAIN: &str = "refs/heads/main";

fn oid(hex: &str) -> Oid {
    gitwire::parse_oid(hex.as_bytes()).unwrap()
}

/// A run after a webhook of this side said that `main` moved.
pub(crate) fn told(mirror: Mirror, side: Side, old: &str, new: &str) -> Mirror {
    let event = Moved {
        old: OldValue::At(oid(old)),
        new: Some(oid(new)),
    };
    let main = RefName::new(MAIN).unwrap();
    mirror.with(|request| {
        request.only = Some([main.clone()].into());
        request
            .hints
            .entry(main)
            .or_default()
            .events
            .of_mut(side)
            .push(event);
    })
}

#[tokio::test]
async fn the_pack_is_on_its_way_before_the_target_is_listed() {
    let scene = Scene::mirrored();
    let old = scene.source.resolve("main");
    let new = scene.source.commit("main", "on");
    let gate = Gate::new();
    scene.server.on(target_listing(), Then::Hold(gate.clone()));
    let mirror = told(scene.mirror(), Side::Source, &old, &new);
    let running = tokio::spawn(mirror.run());
    until("the fetch", || scene.fetches().len() == 1).await;
    gate.open();
    let done = running.await.unwrap().ok();
    assert_eq!(
        done.outcome(MAIN).to_string(),
        "fast-forwarded",
        "its pack is the proof, too"
    );
    assert_eq!((scene.fetches().len(), scene.pushes().len()), (1, 1));
    scene.assert_same();
}

#[tokio::test]
async fn a_source_that_moved_on_is_asked_again() {
    let scene = Scene::mirrored();
    let old = scene.source.resolve("main");
    let new = scene.source.commit("main", "on");
    scene.source.commit("main", "further");
    told(scene.mirror(), Side::Source, &old, &new).run().await.ok();
    assert_eq!(scene.fetches().len(), 2);
    scene.assert_same();
}

#[tokio::test]
async fn a_target_that_has_another_value_than_was_told_gets_a_pack_of_its_own() {
    // The guess leaves out what the target lacks.
    let scene = Scene::mirrored();
    scene.source.commit("main", "one more");
    let old = scene.source.resolve("main");
    let new = scene.source.commit("main", "on");
    told(scene.mirror(), Side::Source, &old, &new).run().await.ok();
    assert_eq!(scene.fetches().len(), 2);
    scene.assert_same();
}

#[tokio::test]
async fn a_webhook_that_lies_changes_nothing() {
    let scene = Scene::mirrored();
    let old = scene.source.resolve("main");
    scene.source.commit("main", "on");
    told(scene.mirror(), Side::Source, &old, &"1".repeat(40))
        .run()
        .await
        .ok();
    scene.assert_same();
    let theirs = scene.target.commit("main", "theirs");
    let ours = scene.source.commit("main", "ours");
    let done = told(scene.mirror(), Side::Source, &old, &ours).run().await;
    assert_eq!(done.outcome(MAIN), Outcome::Refused(Refusal::OutOfSync));
    assert_eq!(scene.target.resolve("main"), theirs);
}

#[tokio::test]
async fn after_the_first_run_a_two_way_mirror_needs_four_requests() {
    let scene = Scene::mirrored();
    let clients = Clients::default();
    let mut old = scene.source.resolve("main");
    for run in 0..3 {
        let new = scene.target.commit("main", "on");
        scene.server.forget();
        let mirror = told(scene.mirror().two_way(), Side::Target, &old, &new).with(|request| {
            request.clients = clients.clone();
            let base = Base::Agreed(Some(oid(&old)));
            request.bases.insert(RefName::new(MAIN).unwrap(), base);
        });
        let done = mirror.run().await.ok();
        assert_eq!(done.outcome(MAIN).to_string(), "fast-forwarded");
        assert_eq!(done.report.references[0].to, Side::Source);
        let requests = scene.server.requests();
        let count = |service, call: bool| {
            let these = requests.iter().filter(|request| match call {
                true => request.is_call(service),
                false => request.is_discovery(service),
            });
            these.count()
        };
        assert_eq!(count(Service::ReceivePack, false), 2);
        assert_eq!(count(Service::ReceivePack, true), 1);
        assert_eq!(count(Service::UploadPack, true), 1, "the pack");
        // What the server can do is asked once.
        assert_eq!(count(Service::UploadPack, false), usize::from(run == 0));
        old = new;
        scene.assert_same();
    }
}
