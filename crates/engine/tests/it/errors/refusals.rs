//! What a target does not let us write: the reason, the host's own words, what to do, and the exit code.

use engine::decide::Refusal;
use engine::rejection::{RejectReason, Rejection};
use engine::report::Outcome;
use testkit::{Then, require};

use crate::mirror::Done;
use crate::packets::{Packets, listing};
use crate::scene::{Scene, limit, push, target_listing};

const WORKFLOW: &str = "refusing to allow a Personal Access Token to create or update workflow `.github/workflows/ci.yml` without `workflow` scope";

/// A new branch beside `main`, which alone the target refuses.
fn with_topic() -> Scene {
    let scene = Scene::mirrored();
    scene.source.commit_onto("topic", Some("main"), "new");
    scene
}

/// The topic was refused for this reason, and was not written.
#[track_caller]
fn assert_refused(scene: &Scene, done: &Done, reason: RejectReason, raw: &str, advice: &str) {
    let Outcome::Rejected(rejection) = done.outcome("refs/heads/topic") else {
        panic!("{:?}", done.report)
    };
    assert_eq!(rejection.reason, reason, "{rejection}");
    assert_eq!(rejection.raw, raw);
    let said = rejection.advice().unwrap_or_default();
    assert!(said.contains(advice), "{said}");
    assert_eq!(done.exit(), 2);
    assert!(done.report.error.is_none(), "{:?}", done.report.error);
    assert_eq!(scene.target.get("refs/heads/topic"), None);
    scene.target.fsck_strict();
}

/// A pre-receive hook that prints these words and refuses.
async fn hooked(words: &str, reason: RejectReason, advice: &str) {
    let scene = with_topic();
    scene
        .target
        .hook("pre-receive", &format!("cat <<'END' >&2\n{words}\nEND\nexit 1"));
    let done = scene.mirror().run().await;
    assert_refused(&scene, &done, reason, "pre-receive hook declined", advice);
}

/// A receive-pack that gives these words as the reason: a proc-receive hook (githooks(5)) can choose them as hosts do.
async fn reported(words: &str, reason: RejectReason, advice: &str) {
    let scene = with_topic();
    scene.target.config("receive.procReceiveRefs", "refs/heads/topic");
    let script = format!(
        "pkt() {{ printf '%04x%s' $((${{#1}} + 4)) \"$1\"; }}\n\
         pkt version=1; printf 0000\n\
         pkt 'ng refs/heads/topic {words}'; printf 0000\n\
         cat >/dev/null"
    );
    scene.target.hook("proc-receive", &script);
    let done = scene.mirror().run().await;
    assert_refused(&scene, &done, reason, words, advice);
}

#[tokio::test]
async fn a_protected_branch() {
    let advice = "let the token's user push to the protected reference, or exclude it";
    for words in [
        "GitLab: You are not allowed to push code to protected branches on this project.",
        "error: GH006: Protected branch update failed for refs/heads/topic.",
        "error: GH013: Repository rule violations found for refs/heads/topic.",
    ] {
        hooked(words, RejectReason::Protected, advice).await;
    }
    reported("protected branch hook declined", RejectReason::Protected, advice).await;
}

#[tokio::test]
async fn the_workflow_permission_of_github() {
    reported(
        WORKFLOW,
        RejectReason::Workflow,
        "the permission to write workflows",
    )
    .await;
    hooked(
        WORKFLOW,
        RejectReason::Workflow,
        "the permission to write workflows",
    )
    .await;
}

#[tokio::test]
async fn lfs_objects_that_the_host_lacks() {
    let words = "error: GH008: Your push referenced at least 1 unknown Git LFS object:\n    \
                 4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n\
                 Try to push them with 'git lfs push --all'.";
    hooked(words, RejectReason::LfsMissing, "git lfs push --all").await;
}

#[tokio::test]
async fn a_hook_whose_words_nobody_knows() {
    hooked("the moon is wrong", RejectReason::Hook, "see what it said").await;
}

#[tokio::test]
async fn a_hidden_reference() {
    let scene = Scene::mirrored();
    scene.target.config("receive.hideRefs", "refs/pull");
    scene
        .source
        .commit_onto("refs/pull/1/head", Some("main"), "a pull request");
    scene.source.commit("main", "four");
    let done = scene
        .mirror()
        .references(&["refs/heads/*", "refs/pull/*"])
        .run()
        .await;
    assert_eq!(
        done.outcome("refs/pull/1/head"),
        Outcome::Rejected(Rejection {
            reason: RejectReason::Hidden,
            raw: "deny updating a hidden ref".into(),
        })
    );
    let Outcome::Rejected(rejection) = done.outcome("refs/pull/1/head") else {
        unreachable!("asserted above")
    };
    assert!(rejection.advice().unwrap().contains("-r '^refs/pull/*'"));
    assert_eq!(done.exit(), 2);
    assert_eq!(scene.target.get("refs/pull/1/head"), None);
    // The others went through.
    assert_eq!(
        scene.target.get("refs/heads/main"),
        scene.source.get("refs/heads/main")
    );
}

/// A deletion of the topic branch, asked for by name.
async fn deletion(scene: &Scene) -> Done {
    scene.source.delete_ref("refs/heads/topic");
    let mirror = scene.mirror().references(&["refs/heads/topic"]);
    mirror.sync_delete().run().await
}

#[tokio::test]
async fn a_target_that_does_not_offer_deletions_is_not_asked_for_one() {
    let scene = with_topic();
    scene.copy();
    let (main, topic) = (scene.target.resolve("main"), scene.target.resolve("topic"));
    let references = [("refs/heads/main", main.as_str()), ("refs/heads/topic", &topic)];
    let greeting = listing(references, "report-status ofs-delta").flush();
    scene
        .server
        .on(target_listing(), greeting.receive_pack_advertisement());
    let done = deletion(&scene).await;
    let outcome = done.outcome("refs/heads/topic");
    assert_eq!(outcome, Outcome::Refused(Refusal::NoDelete));
    assert_eq!(outcome.to_string(), "the server cannot delete references");
    assert_eq!((done.exit(), scene.pushes().len()), (1, 0));
    assert_eq!(scene.target.get("refs/heads/topic"), Some(topic));
}

#[tokio::test]
async fn a_target_that_denies_deletions() {
    let scene = with_topic();
    scene.copy();
    let topic = scene.target.resolve("topic");
    scene.target.config("receive.denyDeletes", "true");
    let done = deletion(&scene).await;
    let Outcome::Rejected(rejection) = done.outcome("refs/heads/topic") else {
        panic!("{:?}", done.report)
    };
    assert_eq!(
        (rejection.reason, rejection.raw.as_str()),
        (RejectReason::DeleteDenied, "deletion prohibited")
    );
    assert!(rejection.advice().unwrap().contains("receive.denyDeletes"));
    assert_eq!(done.exit(), 1);
    assert_eq!(scene.target.get("refs/heads/topic"), Some(topic));
}

#[tokio::test]
async fn the_default_branch_is_not_deleted() {
    let scene = Scene::mirrored();
    let main = scene.target.resolve("main");
    scene.source.commit_onto("next", Some("main"), "next");
    scene.source.delete_ref("refs/heads/main");
    let mirror = scene.mirror().references(&["refs/heads/main"]);
    let done = mirror.sync_delete().run().await;
    let Outcome::Rejected(rejection) = done.outcome("refs/heads/main") else {
        panic!("{:?}", done.report)
    };
    assert_eq!(rejection.reason, RejectReason::CurrentBranch);
    assert!(rejection.advice().unwrap().contains("choose another"));
    assert_eq!(scene.target.resolve("main"), main);
}

#[tokio::test]
async fn a_target_that_denies_what_is_no_fast_forward() {
    let scene = Scene::mirrored();
    let old = scene.target.resolve("main");
    scene.target.config("receive.denyNonFastForwards", "true");
    scene.source.commit_onto("main", None, "rewritten");
    let done = scene.mirror().old("refs/heads/main", &old).run().await;
    let Outcome::Rejected(rejection) = done.outcome("refs/heads/main") else {
        panic!("{:?}", done.report)
    };
    assert_eq!(rejection.reason, RejectReason::NonFastForwardDenied);
    assert!(
        rejection
            .advice()
            .unwrap()
            .contains("receive.denyNonFastForwards")
    );
    assert_eq!((done.exit(), scene.target.resolve("main")), (3, old));
}

#[tokio::test]
async fn a_disk_that_is_full() {
    // What fails here is a real write to a device that is always full.
    let scene = with_topic();
    let shell = require("bash").display().to_string();
    scene.target.hook(
        "pre-receive",
        &format!("exec {shell} -c 'cat >/dev/null; echo kept >/dev/full'"),
    );
    let done = scene.mirror().run().await;
    let raw = "pre-receive hook declined";
    assert_refused(
        &scene,
        &done,
        RejectReason::DiskFull,
        raw,
        "free space on the server",
    );

    // What git 2.47 says when it cannot store the pack.
    let scene = with_topic();
    let report = Packets::new()
        .line("unpack index-pack abnormal exit")
        .line("ng refs/heads/topic unpacker error")
        .flush()
        .bytes();
    let answer = Packets::new()
        .data(b"\x02fatal: write error: No space left on device\n")
        .data(&[b"\x01", report.as_slice()].concat())
        .flush();
    scene.server.on(push(), answer.receive_pack_result());
    let done = scene.mirror().run().await;
    let raw = "unpack failed: index-pack abnormal exit";
    assert_refused(
        &scene,
        &done,
        RejectReason::DiskFull,
        raw,
        "free space on the server",
    );
    assert_eq!(
        scene.pushes().len(),
        1,
        "a full disk is not tried reference by reference"
    );
}

#[tokio::test]
async fn a_push_that_is_too_large() {
    let advice = "the host limits the size of a push or a file";
    let scene = with_topic();
    scene.source.big_blob("topic", "blob", 300_000);
    limit(&scene, 100_000);
    let done = scene.mirror().run().await;
    let raw = "the push is too large for the server";
    assert_refused(&scene, &done, RejectReason::TooLarge, raw, advice);

    let scene = with_topic();
    scene.source.big_blob("topic", "blob", 300_000);
    scene.target.config("receive.maxInputSize", "100000");
    scene.target.config("receive.unpackLimit", "1");
    let done = scene.mirror().run().await;
    let raw = "unpack failed: index-pack abnormal exit";
    assert_refused(&scene, &done, RejectReason::TooLarge, raw, advice);

    let words = "error: GH001: Large files detected. You may want to try Git Large File Storage\n\
                 error: File blob is 123.45 MB; this exceeds GitHub's file size limit of 100.00 MB";
    hooked(words, RejectReason::TooLarge, advice).await;
}

#[tokio::test]
async fn a_lease_that_is_lost_to_a_concurrent_push() {
    let scene = with_topic();
    let theirs = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let (path, told) = (scene.target.path().to_owned(), theirs.clone());
    let race = move || {
        let target = testkit::Repo::open(&path);
        *told.lock().unwrap() = target.commit_onto("topic", Some("main"), "theirs");
    };
    scene.server.once(push(), Then::call(race));
    let done = scene.mirror().run().await;
    let outcome = done.outcome("refs/heads/topic");
    assert_eq!(
        outcome.to_string(),
        "lease lost: somebody else moved it meanwhile"
    );
    assert_eq!(done.exit(), 3);
    assert_eq!(scene.target.resolve("topic"), *theirs.lock().unwrap());
}
