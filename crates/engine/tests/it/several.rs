//! Several references in one run: one bad reference never sinks the others.

use engine::decide::Refusal;
use engine::error::Fault;
use engine::rejection::RejectReason;
use engine::report::Outcome;
use testkit::{Then, When};

use crate::mirror::Done;
use crate::scene::{Scene, limit, push, target_listing};

const BRANCHES: [&str; 5] = [
    "refs/heads/a",
    "refs/heads/b",
    "refs/heads/bad",
    "refs/heads/c",
    "refs/heads/d",
];

/// Five branches to be created beside `main`.
fn five() -> Scene {
    let scene = Scene::mirrored();
    for name in BRANCHES {
        scene.source.commit_onto(name, Some("main"), name);
    }
    scene
}

#[track_caller]
fn assert_rejected(done: &Done, name: &str, reason: RejectReason) {
    match done.outcome(name) {
        Outcome::Rejected(rejection) => assert_eq!(rejection.reason, reason, "{rejection}"),
        other => panic!("{name}: {other:?}"),
    }
}

/// All but `bad` are there.
#[track_caller]
fn assert_the_other_four(scene: &Scene, done: &Done) {
    for name in BRANCHES {
        if name.ends_with("bad") {
            assert_eq!(scene.target.get(name), None);
        } else {
            assert_eq!(done.outcome(name), Outcome::Created, "{name}");
            assert_eq!(scene.target.get(name), scene.source.get(name), "{name}");
        }
    }
    assert_eq!(done.exit(), 2);
    scene.target.fsck_strict();
}

/// A pre-receive hook that refuses every push with `bad` in it.
const POLICY: &str = "while read old new name; do
    case $name in refs/heads/bad) echo 'policy: not this one' >&2; exit 1;; esac
done";

#[tokio::test]
async fn an_update_hook_that_refuses_one_of_five_leaves_four() {
    let scene = five();
    scene.target.hook("update", "[ \"$1\" != refs/heads/bad ]");
    for mirror in [scene.mirror(), scene.local()] {
        let done = mirror.run().await;
        if done.report.references.len() == 5 {
            assert_the_other_four(&scene, &done);
        }
        assert_rejected(&done, "refs/heads/bad", RejectReason::Hook);
    }
    assert_eq!(scene.pushes().len(), 1, "the report tells which one it was");
}

#[tokio::test]
async fn a_pre_receive_hook_that_refuses_one_of_five_leaves_four() {
    for local in [false, true] {
        let scene = five();
        scene.target.hook("pre-receive", POLICY);
        let mirror = if local { scene.local() } else { scene.mirror() };
        let done = mirror.run().await;
        assert_the_other_four(&scene, &done);
        assert_rejected(&done, "refs/heads/bad", RejectReason::Hook);
        let said = |event: &engine::event::Event| matches!(event, engine::event::Event::Remote { line, .. } if line.contains("policy: not this one"));
        assert!(done.events.iter().any(said), "the hook's words are shown");
    }
}

#[tokio::test]
async fn a_pack_that_the_target_refuses_for_one_of_five_leaves_four() {
    let scene = five();
    // A tree with a `.git` in it, which no git would make and receive.fsckObjects refuses.
    let blob = scene.source.blob(b"evil");
    let evil = format!("100644 blob {blob}\t.git\n");
    let path = scene.source.path().display().to_string();
    let tree = testkit::Run::new(testkit::require("git"))
        .args(["-C", &path, "mktree"])
        .envs(testkit::git_environment())
        .input(evil)
        .run();
    assert_eq!(tree.code, Some(0), "{}", tree.stderr);
    let commit = scene
        .source
        .git(&["commit-tree", "-m", "evil", tree.stdout.trim()]);
    scene.source.set_ref("refs/heads/bad", &commit);
    scene.target.config("receive.fsckObjects", "true");
    let done = scene.mirror().run().await;
    assert_the_other_four(&scene, &done);
    assert_rejected(&done, "refs/heads/bad", RejectReason::Unpack);
}

#[tokio::test]
async fn a_push_that_is_too_large_because_of_one_leaves_four() {
    let scene = five();
    scene.source.big_blob("bad", "large", 60_000);
    limit(&scene, 20_000);
    let done = scene.mirror().run().await;
    assert_the_other_four(&scene, &done);
    assert_rejected(&done, "refs/heads/bad", RejectReason::TooLarge);
}

#[tokio::test]
async fn a_target_that_refuses_all_is_not_asked_for_ever() {
    let scene = Scene::mirrored();
    scene.source.many_refs("refs/heads/many", 150);
    scene.target.hook(
        "pre-receive",
        "echo once >>pushes; echo 'closed for today' >&2; exit 1",
    );
    let done = scene.local().run().await;
    assert_eq!(done.exit(), 2);
    assert_eq!(done.report.references.len(), 150);
    for one in &done.report.references {
        assert!(
            matches!(&one.outcome, Outcome::Rejected(it) if it.reason == RejectReason::Hook),
            "{one:?}"
        );
    }
    let pushes = std::fs::read_to_string(scene.target.git_dir().join("pushes")).unwrap();
    assert!(pushes.lines().count() < 150, "{} pushes", pushes.lines().count());
    assert_eq!(scene.target.refs().len(), 1);
}

#[tokio::test]
async fn an_old_value_makes_a_refusal_exit_three_and_a_deletion_exit_one() {
    let scene = five();
    scene.copy();
    let old = scene.source.resolve("a");
    scene.target.hook("update", "[ \"$1\" != refs/heads/a ]");
    scene.source.commit("a", "more");
    let told = scene.mirror().old("refs/heads/a", &old).run().await;
    assert_eq!(told.exit(), 3);
    let untold = scene.mirror().run().await;
    assert_eq!(untold.exit(), 2);
    scene.source.delete_ref("refs/heads/a");
    let deleted = scene.mirror().old("refs/heads/a", &old).sync_delete().run().await;
    assert_rejected(&deleted, "refs/heads/a", RejectReason::Hook);
    assert_eq!(deleted.exit(), 1);
}

#[tokio::test]
async fn a_deletion_makes_room_for_a_name_below_it_in_one_push() {
    let scene = Scene::new();
    scene.source.commit_onto("a", Some("main"), "a");
    scene.copy();
    let old = scene.source.resolve("a");
    scene.source.delete_ref("refs/heads/a");
    scene.source.commit_onto("a/b", Some("main"), "a/b");
    let mirror = scene.mirror().old("refs/heads/a", &old).sync_delete();
    let done = mirror.run().await.ok();
    assert_eq!(done.outcome("refs/heads/a"), Outcome::Deleted);
    assert_eq!(done.outcome("refs/heads/a/b"), Outcome::Created);
    assert_eq!(scene.pushes().len(), 1);
    scene.assert_same();
}

#[tokio::test]
async fn a_name_in_the_way_is_named() {
    let scene = Scene::mirrored();
    scene.target.commit_onto("a", Some("main"), "of the target's own");
    scene.source.commit_onto("a/b", Some("main"), "a/b");
    scene.source.commit_onto("c", Some("main"), "c");
    let done = scene.mirror().run().await;
    assert_rejected(&done, "refs/heads/a/b", RejectReason::NameCollision);
    assert_eq!(done.outcome("refs/heads/c"), Outcome::Created);
    assert_eq!(done.exit(), 2);
}

#[tokio::test]
async fn atomic_all_references_go_together() {
    let scene = five();
    let done = scene
        .mirror()
        .with(|request| request.atomic = true)
        .run()
        .await
        .ok();
    assert_eq!(done.report.references.len(), 5);
    assert_eq!(scene.pushes().len(), 1);
    scene.assert_same();
}

#[tokio::test]
async fn atomic_one_that_the_target_refuses_stops_all() {
    for hook in [
        ("update", "[ \"$1\" != refs/heads/bad ]"),
        ("pre-receive", POLICY),
    ] {
        let scene = five();
        scene.target.hook(hook.0, hook.1);
        let before = scene.target.refs();
        let done = scene.mirror().with(|request| request.atomic = true).run().await;
        assert_eq!(scene.target.refs(), before, "{hook:?}");
        assert_eq!(done.exit(), 2);
        assert_eq!(scene.pushes().len(), 1, "nothing is pushed in halves");
        assert_rejected(&done, "refs/heads/bad", RejectReason::Hook);
    }
}

#[tokio::test]
async fn atomic_one_that_refsync_refuses_stops_all() {
    let scene = five();
    scene.source.commit_onto("main", None, "rewritten");
    let before = scene.target.refs();
    let done = scene.mirror().with(|request| request.atomic = true).run().await;
    assert_eq!(
        done.outcome("refs/heads/main"),
        Outcome::Refused(Refusal::NotFastForward)
    );
    assert_eq!(done.outcome("refs/heads/a"), Outcome::Refused(Refusal::Atomic));
    assert_eq!((done.exit(), scene.pushes().len()), (2, 0));
    assert_eq!(scene.target.refs(), before);
}

#[tokio::test]
async fn atomic_a_name_that_is_a_directory_of_another_is_refused_up_front() {
    let scene = Scene::new();
    scene.source.commit_onto("a", Some("main"), "a");
    scene.copy();
    let old = scene.source.resolve("a");
    scene.source.delete_ref("refs/heads/a");
    scene.source.commit_onto("a/b", Some("main"), "a/b");
    let before = scene.target.refs();
    let mirror = scene.mirror().old("refs/heads/a", &old).sync_delete();
    let done = mirror.with(|request| request.atomic = true).run().await;
    assert_eq!(
        done.outcome("refs/heads/a/b"),
        Outcome::Refused(Refusal::NameCollision)
    );
    assert_eq!(scene.pushes().len(), 0);
    assert_eq!(scene.target.refs(), before);
}

#[tokio::test]
async fn atomic_a_target_that_cannot_is_an_error() {
    let scene = five();
    scene.server.on(
        When::any(),
        Then::Setting("receive.advertiseAtomic", "false".into()),
    );
    let before = scene.target.refs();
    let done = scene.mirror().with(|request| request.atomic = true).run().await;
    let error = done.report.error.as_ref().expect("it is refused");
    assert!(matches!(error.kind, Fault::NoAtomic), "{error}");
    assert_eq!((done.exit(), scene.pushes().len()), (1, 0));
    assert_eq!(scene.target.refs(), before);
}

#[tokio::test]
async fn a_raced_reference_in_a_refused_push_is_found_out() {
    // All are refused because of `bad`, and meanwhile somebody creates `a`.
    let scene = five();
    scene.target.hook("pre-receive", POLICY);
    let target = testkit::Repo::open(scene.target.path());
    scene.server.once(
        push(),
        Then::call(move || drop(target.commit_onto("a", Some("main"), "theirs"))),
    );
    let done = scene.mirror().run().await;
    assert!(
        matches!(done.outcome("refs/heads/a"), Outcome::LeaseLost { .. }),
        "{:?}",
        done.report
    );
    for name in ["refs/heads/b", "refs/heads/c", "refs/heads/d"] {
        assert_eq!(done.outcome(name), Outcome::Created);
    }
    assert_rejected(&done, "refs/heads/bad", RejectReason::Hook);
    assert_eq!(done.exit(), 3);
}

#[tokio::test]
async fn push_options_reach_the_hooks_of_a_target_that_takes_them() {
    let scene = five();
    scene.target.config("receive.advertisePushOptions", "true");
    scene.target.hook(
        "pre-receive",
        "printf '%s %s' $GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0 >options",
    );
    let options =
        |mirror: crate::mirror::Mirror| mirror.with(|request| request.push_options = vec!["ci.skip".into()]);
    options(scene.mirror()).run().await.ok();
    let noted = std::fs::read_to_string(scene.target.git_dir().join("options")).unwrap();
    assert_eq!(noted, "1 ci.skip");
    scene.assert_same();
}

#[tokio::test]
async fn a_target_that_takes_no_push_options_gets_none() {
    let scene = five();
    scene.server.on(
        target_listing(),
        Then::Setting("receive.advertisePushOptions", "false".into()),
    );
    let done = scene
        .mirror()
        .with(|request| request.push_options = vec!["ci.skip".into()])
        .run()
        .await;
    let warned = |event: &engine::event::Event| matches!(event, engine::event::Event::Warning(text) if text.contains("push options"));
    assert!(done.events.iter().any(warned), "{:?}", done.events);
    done.ok();
    scene.assert_same();
}
