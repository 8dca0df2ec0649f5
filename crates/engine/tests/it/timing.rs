//! Timing: what is asked when, and how long anybody is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::error::{Fault, Stage};
use engine::event::Event;
use engine::rejection::RejectReason;
use engine::report::Outcome;
use engine::side::Side;
use testkit::{
    Act, Credentials, Direction, FaultProxy, Gate, GitDaemon, HttpServer, Point, Service, Then, When,
};

use crate::mirror::Mirror;
use crate::packets::Packets;
use crate::scene::{Scene, limit, push, source, target, target_listing};
use crate::{apart, mirror::token};

/// A source whose pack is too large to be sent in one piece.
fn large() -> Scene {
    let scene = Scene::mirrored();
    scene.source.big_blob("main", "large", 4 << 20);
    scene
}

#[tokio::test]
async fn who_may_not_write_is_told_before_anything_is_fetched() {
    let scene = large();
    let credentials = Credentials::basic("git", "right");
    scene.server.on(target(When::any()), Then::Authorize(credentials));
    let done = scene
        .mirror()
        .with(|request| request.ends.target.credentials = token("wrong"))
        .run()
        .await;
    let error = done.report.error.as_ref().expect("it is refused");
    assert!(
        matches!(&error.kind, Fault::Unauthorized { user: Some(user), .. } if user == "git"),
        "{error}"
    );
    assert_eq!(
        (error.side, error.stage, done.exit()),
        (Side::Target, Stage::Observe, 1)
    );
    assert_eq!(scene.fetches().len(), 0);
    assert_eq!(scene.pushes().len(), 0);
}

#[tokio::test]
async fn the_advertisement_carries_the_credentials() {
    let scene = large();
    scene
        .server
        .on(When::any(), Then::Authorize(Credentials::basic("git", "right")));
    let done = scene
        .mirror()
        .with(|request| {
            request.ends.source.credentials = token("right");
            request.ends.target.credentials = token("right");
        })
        .run()
        .await
        .ok();
    assert_eq!(done.outcome("refs/heads/main").to_string(), "fast-forwarded");
    assert!(
        scene
            .server
            .requests()
            .iter()
            .all(|request| request.is_authorized())
    );
    scene.assert_same();
}

#[tokio::test]
async fn what_a_broken_pipe_hides_is_asked_again() {
    // The token is revoked while the pack is on its way, and the server does not even say so.
    let scene = large();
    let revoked = Arc::new(AtomicBool::new(false));
    let revoke = Arc::clone(&revoked);
    scene
        .server
        .on(push(), Then::call(move || revoke.store(true, Ordering::SeqCst)));
    scene.server.on(push(), Then::HangUp);
    let now = move |_: &testkit::Request| revoked.load(Ordering::SeqCst);
    scene.server.on(target_listing().and(now), Then::status(401));
    let before = scene.target.refs();
    let done = scene.mirror().run().await;
    let error = done.report.error.as_ref().expect("it failed");
    assert!(matches!(error.kind, Fault::Unauthorized { .. }), "{error}");
    assert_eq!((error.side, done.exit()), (Side::Target, 1));
    assert_eq!(done.outcome("refs/heads/main"), Outcome::Unknown);
    assert_eq!(scene.target.refs(), before);
}

#[tokio::test]
async fn a_push_that_is_too_large_is_told_as_that() {
    // Small enough to be sent in one piece, and streamed over HTTP/2: there an early answer is heard.
    let scene = Scene::mirrored();
    let before = scene.target.refs();
    scene.source.big_blob("main", "small", 50_000);
    limit(&scene, 10_000);
    let tls = HttpServer::start_tls(scene.folder.path());
    tls.on(push(), Then::LimitBody(10_000));
    let whole = scene.mirror();
    let streamed = Mirror::new(&tls.url("source.git"), &tls.url("target.git")).ca(&tls.ca_pem_path());
    for (mirror, grown) in [(whole, false), (streamed, true)] {
        if grown {
            scene.source.big_blob("main", "large", 4 << 20);
        }
        let done = mirror.run().await;
        match done.outcome("refs/heads/main") {
            Outcome::Rejected(rejection) => {
                assert_eq!(rejection.reason, RejectReason::TooLarge);
                assert_eq!(rejection.to_string(), "the push is too large for the server");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(done.exit(), 2);
        assert_eq!(scene.target.refs(), before);
    }
}

#[tokio::test]
async fn an_early_answer_to_a_stream_ends_the_run() {
    // Over HTTP/1.1 the answer may be lost with the connection; the run must end all the same, and promptly.
    let scene = large();
    let before = scene.target.refs();
    scene.server.on(push(), Then::LimitBody(100_000));
    let done = scene.mirror().run().await;
    match (done.outcome("refs/heads/main"), &done.report.error) {
        (Outcome::Rejected(rejection), None) => assert_eq!(rejection.reason, RejectReason::TooLarge),
        (Outcome::NotWritten, Some(error)) => {
            assert!(matches!(error.kind, Fault::HungUp { .. }), "{error}");
            assert_eq!(error.side, Side::Target);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.target.refs(), before);
    scene.server.clear_rules();
    scene.mirror().run().await.ok();
    scene.assert_same();
}

#[tokio::test]
async fn the_push_opens_only_with_the_first_byte_of_the_pack_in_hand() {
    let scene = Scene::new();
    let daemon = GitDaemon::start(scene.folder.path());
    let proxy = FaultProxy::start(daemon.address());
    let pack_follows = Point::seen(Direction::ToClient, *b"packfile\n");
    // A keepalive of the side-band, and a message that says when it was read.
    let keepalive = Packets::new().data(&[1]).data(b"\x02still counting\n").bytes();
    let gate = Gate::new();
    proxy.add(testkit::Fault::new(pack_follows.clone(), Act::Inject(keepalive)));
    proxy.add(testkit::Fault::new(pack_follows, Act::Hold(gate.clone())));
    let mirror = Mirror::new(
        &proxy.through(&daemon.url("source.git")),
        &scene.server.url("target.git"),
    );
    let events = Arc::clone(&mirror.events);
    let run = tokio::spawn(mirror.run());
    crate::mirror::until("the keepalive to be read", || {
        let counting =
            |event: &Event| matches!(event, Event::Remote { line, .. } if line == "still counting");
        events.lock().unwrap().iter().any(counting)
    })
    .await;
    // What must not happen can only be waited for in vain.
    let opened = crate::mirror::until("a push", || !scene.pushes().is_empty());
    let waited = tokio::time::timeout(Duration::from_millis(300), opened).await;
    assert!(waited.is_err(), "{:?}", scene.pushes());
    gate.open();
    run.await.unwrap().ok();
    scene.assert_same();
}

#[tokio::test]
async fn the_target_may_check_in_silence_for_longer_than_it_may_be_idle() {
    let idle = Duration::from_secs(3);
    let slow = || {
        let scene = Scene::new();
        scene.target.hook("pre-receive", "sleep 5");
        scene
    };
    let (http, local, streamed) = (slow(), slow(), slow());
    streamed.source.big_blob("main", "large", 4 << 20);
    let patient = |mirror: Mirror| mirror.with(|request| request.timeouts.idle = idle).run();
    let (http_done, local_done, streamed_done) = tokio::join!(
        patient(http.mirror()),
        patient(local.local()),
        patient(streamed.mirror())
    );
    for (scene, done) in [(http, http_done), (local, local_done), (streamed, streamed_done)] {
        done.ok();
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_report_that_does_not_come_is_not_waited_for_for_ever() {
    let scene = Scene::mirrored();
    let before = scene.target.refs();
    scene.source.commit("main", "four");
    let gate = Gate::new();
    scene.server.once(push(), Then::Hold(gate.clone()));
    let mirror = scene
        .mirror()
        .with(|request| request.timeouts.report = Duration::from_secs(1));
    let done = mirror.run().await;
    let error = done.report.error.as_ref().expect("it failed");
    assert!(
        matches!(error.kind, Fault::TimedOut { what: "report", .. }),
        "{error}"
    );
    assert_eq!(
        (error.side, error.stage, done.exit()),
        (Side::Target, Stage::Report, 1)
    );
    assert_eq!(done.outcome("refs/heads/main"), Outcome::NotWritten);
    assert_eq!(scene.target.refs(), before);
}

#[tokio::test]
async fn a_side_that_falls_silent_is_not_waited_for_for_ever() {
    let falls_silent = async |side| {
        let scene = Scene::new();
        let silent = match side {
            Side::Source => source(When::call(Service::UploadPack)),
            Side::Target => target_listing(),
        };
        scene.server.on(silent, Then::HoldAnswer(Gate::new()));
        let mirror = scene
            .mirror()
            .with(|request| request.timeouts.idle = Duration::from_secs(2));
        let done = mirror.run().await;
        let error = done.report.error.as_ref().expect("it failed");
        assert!(matches!(error.kind, Fault::TimedOut { .. }), "{error}");
        assert_eq!((error.side, done.exit()), (side, 1));
        assert!(scene.target.refs().is_empty());
    };
    tokio::join!(falls_silent(Side::Source), falls_silent(Side::Target));
}

#[test]
fn version_0_reads_acknowledgments_while_it_still_writes_haves() {
    apart::test(
        "timing::version_0_reads_acknowledgments_while_it_still_writes_haves",
        |apart| {
            let scene = Scene::new();
            scene.source.many_refs("refs/tags/many", 4_000);
            scene.copy();
            scene.source.commit("main", "four");
            // A git that is not told the version of the protocol: a local upload-pack of version 0, over pipes.
            let bin = scene.folder.path().join("bin");
            let git = testkit::require("git");
            let script = format!("unset GIT_PROTOCOL\nexec {} \"$@\"", git.display());
            crate::mirror::script(&bin.join("git"), &script);
            let path = std::env::join_paths(
                std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
            );
            let (from, to) = (scene.source.path().display(), scene.target.path().display());
            let done = apart.run(&from.to_string(), &to.to_string(), [("PATH", path.unwrap())]);
            assert_eq!(done.ok().references["refs/heads/main"], "fast-forwarded");
            scene.assert_same();
        },
    );
}
