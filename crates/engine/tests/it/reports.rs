//! Reports: what the target says of a push, and what is done where it says nothing, or not enough.

use engine::error::{Fault, Stage};
use engine::event::Event;
use engine::rejection::RejectReason;
use engine::report::Outcome;
use engine::side::Side;

use crate::packets::{Packets, listing};
use crate::scene::{Scene, push, target_listing};

/// Two branches to be created beside `main`.
fn two_new() -> Scene {
    let scene = Scene::mirrored();
    scene.source.commit_onto("a", Some("main"), "a");
    scene.source.commit_onto("b", Some("main"), "b");
    scene
}

#[tokio::test]
async fn what_the_target_refuses_is_told_in_its_words() {
    let scene = two_new();
    scene.target.hook(
        "update",
        "[ \"$1\" != refs/heads/b ] || { echo 'ask your \x1b[31mlead' >&2; exit 1; }",
    );
    let done = scene.mirror().run().await;
    assert_eq!(done.outcome("refs/heads/a"), Outcome::Created);
    let Outcome::Rejected(rejection) = done.outcome("refs/heads/b") else {
        panic!("{:?}", done.report)
    };
    assert_eq!(
        (rejection.reason, rejection.raw.as_str()),
        (RejectReason::Hook, "hook declined")
    );
    let lines: Vec<&str> = done
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Remote {
                side: Side::Target,
                line,
                ..
            } => Some(line.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("ask your") && !line.contains('\x1b')),
        "{lines:?}"
    );
    assert_eq!(done.exit(), 2);
}

#[tokio::test]
async fn every_way_to_report_is_understood() {
    let ways = [
        "report-status delete-refs ofs-delta",
        "report-status delete-refs side-band-64k ofs-delta",
        "report-status-v2 delete-refs ofs-delta",
        "report-status-v2 delete-refs side-band-64k ofs-delta",
    ];
    for way in ways {
        let scene = two_new();
        scene.target.hook("update", "[ \"$1\" != refs/heads/b ]");
        let main = scene.target.resolve("main");
        let greeting = listing([("refs/heads/main", main.as_str())], way).flush();
        scene
            .server
            .once(target_listing(), greeting.receive_pack_advertisement());
        let done = scene.mirror().run().await;
        assert_eq!(done.outcome("refs/heads/a"), Outcome::Created, "{way}");
        assert!(
            matches!(done.outcome("refs/heads/b"), Outcome::Rejected(_)),
            "{way}"
        );
        assert_eq!((done.exit(), scene.pushes().len()), (2, 1), "{way}");
    }
}

#[tokio::test]
async fn a_target_that_cannot_report_is_looked_at_again() {
    let scene = two_new();
    scene.target.hook("update", "[ \"$1\" != refs/heads/b ]");
    let main = scene.target.resolve("main");
    let greeting = listing([("refs/heads/main", main.as_str())], "delete-refs ofs-delta").flush();
    scene
        .server
        .once(target_listing(), greeting.receive_pack_advertisement());
    let done = scene.mirror().run().await;
    assert_eq!(done.outcome("refs/heads/a"), Outcome::Created);
    assert_ne!(done.outcome("refs/heads/b"), Outcome::Created);
    assert_ne!(done.exit(), 0);
    assert_eq!(scene.target.get("refs/heads/b"), None);
}

/// A reference-transaction hook that kills the receive-pack once the second reference was written.
const KILLS_HALF_WAY: &str = "[ \"$1\" = committed ] || exit 0
cat >>committed
[ \"$(wc -l <committed)\" -lt 2 ] || kill -9 $PPID";

#[tokio::test]
async fn a_lost_report_of_a_push_that_went_through_is_success() {
    for local in [false, true] {
        // Two references, and it dies once both were written.
        let scene = two_new();
        scene.target.hook("reference-transaction", KILLS_HALF_WAY);
        let mirror = if local { scene.local() } else { scene.mirror() };
        let done = mirror.run().await.ok();
        assert_eq!(done.outcome("refs/heads/a"), Outcome::Created);
        assert_eq!(done.outcome("refs/heads/b"), Outcome::Created);
        scene.assert_same();
    }
}

#[tokio::test]
async fn a_target_that_dies_half_way_is_looked_at_again() {
    for local in [false, true] {
        let scene = Scene::mirrored();
        for name in ["a", "b", "c", "d", "e"] {
            scene.source.commit_onto(name, Some("main"), name);
        }
        scene.target.hook("reference-transaction", KILLS_HALF_WAY);
        let mirror = || if local { scene.local() } else { scene.mirror() };
        let done = mirror().run().await;
        let error = done.report.error.as_ref().expect("the rest was not written");
        assert!(matches!(error.kind, Fault::HungUp { .. }), "{error}");
        assert_eq!(
            (error.side, error.stage, done.exit()),
            (Side::Target, Stage::Report, 1)
        );
        let there = scene.target.refs();
        assert_eq!(there.len(), 3, "`main` and two of five: {there:?}");
        for one in &done.report.references {
            let expected = if there.contains_key(&one.name.to_string()) {
                Outcome::Created
            } else {
                Outcome::NotWritten
            };
            assert_eq!(one.outcome, expected, "{}", one.name);
        }
        scene.target.fsck_strict();

        std::fs::remove_file(scene.target.git_dir().join("hooks/reference-transaction")).unwrap();
        mirror().run().await.ok();
        scene.assert_same();
    }
}

/// A proc-receive hook (githooks(5)) that reports these lines for `refs/for/main`, after it has done something.
fn proc_receive(scene: &Scene, action: &str, lines: &[String]) {
    scene.target.config("receive.procReceiveRefs", "refs/for");
    let lines: String = lines.iter().map(|line| format!("pkt '{line}'\n")).collect();
    let script = format!(
        "pkt() {{ printf '%04x%s' $((${{#1}} + 4)) \"$1\"; }}\n\
         pkt version=1; printf 0000\n\
         {action}\n\
         pkt 'ok refs/for/main'\n\
         {lines}printf 0000\n\
         cat >/dev/null"
    );
    scene.target.hook("proc-receive", &script);
}

#[tokio::test]
async fn a_push_that_was_done_as_something_else_is_not_done() {
    let scene = Scene::mirrored();
    let new = scene
        .source
        .commit_onto("refs/for/main", Some("main"), "to be reviewed");
    proc_receive(
        &scene,
        "",
        &[
            "option refname refs/heads/review".into(),
            format!("option new-oid {new}"),
        ],
    );
    let done = scene.mirror().references(&["refs/for/*"]).run().await;
    let Outcome::Rejected(rejection) = done.outcome("refs/for/main") else {
        panic!("{:?}", done.report)
    };
    assert!(rejection.raw.contains("another value"), "{rejection}");
    assert_eq!(done.exit(), 2);
    assert_eq!(scene.target.get("refs/for/main"), None);
}

#[tokio::test]
async fn a_push_that_was_done_differently_and_is_there_is_done() {
    let scene = Scene::mirrored();
    let new = scene
        .source
        .commit_onto("refs/for/main", Some("main"), "to be reviewed");
    proc_receive(
        &scene,
        &format!("git update-ref refs/for/main {new}"),
        &[
            "option refname refs/heads/review".into(),
            format!("option new-oid {new}"),
        ],
    );
    let done = scene.mirror().references(&["refs/for/*"]).run().await.ok();
    assert_eq!(done.outcome("refs/for/main"), Outcome::Created);
    assert_eq!(scene.target.get("refs/for/main"), Some(new));
}

#[tokio::test]
async fn a_report_that_leaves_a_reference_out_is_not_believed() {
    let scene = two_new();
    let report = Packets::new()
        .line("unpack ok")
        .line("ok refs/heads/a")
        .flush()
        .bytes();
    let answer = Packets::new().data(&[&[1], report.as_slice()].concat()).flush();
    scene.server.once(push(), answer.receive_pack_result());
    let done = scene.mirror().run().await;
    // The server lies about `a`, which a report may; of `b` it says nothing, so somebody looks.
    assert_ne!(done.outcome("refs/heads/b"), Outcome::Created);
    assert_ne!(done.exit(), 0);
}

#[tokio::test]
async fn an_error_line_in_place_of_a_report_is_told() {
    let scene = two_new();
    scene.server.on(
        push(),
        Packets::new()
            .line("ERR the repository is being moved")
            .receive_pack_result(),
    );
    let before = scene.target.refs();
    let done = scene.mirror().run().await;
    assert!(
        done.error().contains("the repository is being moved"),
        "{}",
        done.error()
    );
    assert_eq!(done.exit(), 1);
    assert_eq!(scene.target.refs(), before);
}
