//! Lineage: whether one commit can be reached from another, asked of real servers at any distance.

use std::sync::atomic::{AtomicUsize, Ordering};

use engine::decide::Lineage;
use engine::report::Outcome;
use testkit::{Request, Service, Then, When};

use crate::mirror::Done;
use crate::packets::Packets;
use crate::scene::{Scene, source};

const FORWARD: &str = "fast-forwarded";
const REFUSED: &str = "not a fast-forward";

/// What becomes of each branch.
const BRANCHES: [(&str, &str); 9] = [
    ("refs/heads/one-ahead", FORWARD),
    ("refs/heads/far-ahead", FORWARD),
    ("refs/heads/merged", FORWARD),
    ("refs/heads/merged-as-second", FORWARD),
    ("refs/heads/diverged", REFUSED),
    ("refs/heads/rewound", REFUSED),
    ("refs/heads/far-rewound", REFUSED),
    ("refs/heads/unrelated", REFUSED),
    ("refs/heads/unknown", REFUSED),
];

fn related() -> Scene {
    let scene = Scene::new();
    let source = &scene.source;
    source.history("main", 200);
    let at = |back: u32| source.resolve(&format!("main~{back}"));
    let set = |name: &str, value: &str| source.set_ref(&format!("refs/heads/{name}"), value);
    for (name, back) in [
        ("one-ahead", 1),
        ("far-ahead", 190),
        ("merged", 60),
        ("merged-as-second", 10),
        ("diverged", 3),
        ("rewound", 0),
        ("far-rewound", 0),
        ("unrelated", 0),
        ("unknown", 9),
    ] {
        set(name, &at(back));
    }
    scene.copy();
    for (name, back) in [
        ("one-ahead", 0),
        ("far-ahead", 0),
        ("merged", 50),
        ("rewound", 1),
        ("far-rewound", 190),
    ] {
        set(name, &at(back));
    }
    let side = source.commit_onto("merged-as-second", Some(&at(195)), "a side line");
    source.merge("merged-as-second", &at(2), "a merge");
    source.merge("merged", &side, "a merge");
    source.commit_onto("diverged", Some(&at(5)), "beside");
    source.commit_onto("unrelated", None, "of another history");
    set("unknown", &at(7));
    scene.target.commit("unknown", "of the target's own");
    scene
}

#[track_caller]
fn assert_outcome(scene: &Scene, done: &Done, name: &str, expected: &str) {
    let error = done.error();
    assert_eq!(done.outcome(name).to_string(), expected, "{name} {error}");
    assert_eq!(
        scene.target.get(name) == scene.source.get(name),
        expected == FORWARD,
        "{name}"
    );
    scene.target.fsck_strict();
}

#[tokio::test]
async fn each_reference_alone() {
    let scene = related();
    for (name, expected) in BRANCHES {
        let done = scene.mirror().references(&[name]).run().await;
        assert_outcome(&scene, &done, name, expected);
    }
}

#[tokio::test]
async fn all_references_together() {
    let scene = related();
    let done = scene.mirror().run().await;
    for (name, expected) in BRANCHES {
        assert_outcome(&scene, &done, name, expected);
    }
    assert_eq!(done.exit(), 2);
}

#[tokio::test]
async fn all_references_together_over_version_0() {
    let scene = related();
    scene
        .server
        .on(source(When::service(Service::UploadPack)), Then::Version0);
    let done = scene.mirror().run().await;
    for (name, expected) in BRANCHES {
        assert_outcome(&scene, &done, name, expected);
    }
    assert_eq!(done.exit(), 2);
}

#[tokio::test]
async fn a_forced_update_tells_what_it_was() {
    let scene = related();
    for (name, lineage) in [
        ("refs/heads/far-ahead", Lineage::Descends),
        ("refs/heads/diverged", Lineage::Rewrites),
        ("refs/heads/unknown", Lineage::Rewrites),
    ] {
        let old = scene.target.resolve(name);
        let done = scene
            .mirror()
            .references(&[name])
            .old(name, &old)
            .run()
            .await
            .ok();
        assert_eq!(done.outcome(name), Outcome::Updated(lineage), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_question_is_asked_another_way() {
    // As hosts do that send only what their references lead to. Calls to the source: the listing, the pack that is asked for
    // ahead, the question.
    let scene = related();
    let refusal = Packets::new().line("ERR want of an object that is not advertised");
    let name = "refs/heads/diverged";
    let calls = AtomicUsize::new(0);
    let third = move |_: &Request| calls.fetch_add(1, Ordering::SeqCst) == 2;
    scene.server.on(
        source(When::call(Service::UploadPack)).and(third),
        refusal.upload_pack_result(),
    );
    let done = scene.mirror().references(&[name]).run().await;
    assert_outcome(&scene, &done, name, REFUSED);
    let question = format!("want {}", scene.target.resolve(name));
    let asked = scene.fetches();
    let refused = asked
        .iter()
        .position(|fetch| fetch.body_contains(question.as_bytes()));
    assert_eq!((refused, asked.len()), (Some(1), 3), "{asked:?}");
}

#[tokio::test]
async fn what_is_no_branch_may_be_no_commit() {
    let scene = Scene::new();
    let (note, blob, other) = ("refs/notes/commits", "refs/keys/blob", "refs/keys/other");
    scene.source.commit_onto(note, None, "a note");
    scene.source.set_ref(blob, &scene.source.blob(b"one"));
    scene.source.set_ref(other, &scene.source.tree_of("main"));
    scene.copy();
    scene.source.commit(note, "another note");
    scene.source.set_ref(blob, &scene.source.blob(b"two"));
    // From a tree to a commit that has it: reachable, and yet nothing that git would call a fast-forward.
    let main = scene.source.resolve("main");
    scene.source.set_ref(other, &main);
    for version_0 in [false, true] {
        if version_0 {
            scene
                .server
                .on(source(When::service(Service::UploadPack)), Then::Version0);
        }
        let done = scene
            .mirror()
            .references(&["refs/notes/*", "refs/keys/*"])
            .run()
            .await;
        for name in [blob, other] {
            assert!(
                matches!(done.outcome(name), Outcome::Refused(_)),
                "{name}: {:?}",
                done.report
            );
        }
        if version_0 {
            assert_eq!(scene.target.get(note), scene.source.get(note));
        } else {
            assert_eq!(done.outcome(note).to_string(), FORWARD);
        }
        assert_eq!(done.exit(), 2);
    }
}
