//! SIGINT and SIGTERM.

use testkit::{Finished, Gate, HttpServer, ObjectFormat, Repo, Run, Service, Then, When, require};

use crate::{everything, pair, refsync};

/// Sends a signal while the target holds back its answer to the push.
fn interrupted(signal: &str, more: &[&str]) -> (Finished, Repo, Repo) {
    let (source, target) = pair();
    let server = HttpServer::start(target.root());
    let gate = Gate::new();
    server.once(When::call(Service::ReceivePack), Then::Hold(gate.clone()));
    let run = refsync()
        .arg("sync")
        .arg(source.path())
        .arg(server.url("repo.git"))
        .args(more);
    let mut running = run.spawn();
    gate.wait_for_arrival();
    let pid = running.process().id().to_string();
    assert_eq!(
        Run::new(require("sh"))
            .args(["-c", "kill -\"$0\" \"$1\"", signal, &pid])
            .run()
            .code,
        Some(0)
    );
    let finished = running.finish();
    gate.open();
    server.wait_idle();
    (finished, source, target)
}

#[test]
fn a_signal_ends_the_run_and_the_target_keeps_what_it_has() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (finished, source, target) = interrupted(signal, &[]);
        assert_eq!(finished.code, Some(code), "{}", everything(&finished));
        assert!(
            finished
                .stderr
                .contains("interrupted: what was not confirmed above was not written")
        );
        let after = target.refs();
        assert!(
            after.is_empty() || after == source.refs(),
            "neither the old nor the new: {after:?}"
        );
        target.fsck_strict();
    }
}

#[test]
fn an_interrupted_run_still_writes_its_document() {
    let (finished, ..) = interrupted("INT", &["--json"]);
    let document: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((finished.code, &document["exit"]), (Some(130), &130.into()));
    assert_eq!(document["error"]["kind"], "interrupted");
}

#[test]
fn a_run_with_nothing_in_its_way_ends_by_itself() {
    // The other side of the tests above: without the signal the same run succeeds.
    let source = Repo::init(ObjectFormat::Sha1);
    source.commit("main", "one");
    let target = Repo::init(ObjectFormat::Sha1);
    let server = HttpServer::start(target.root());
    let finished = refsync()
        .arg("sync")
        .arg(source.path())
        .arg(server.url("repo.git"))
        .run();
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
}
