//! Peers that send garbage, lies, or no end: refused within the limits, and nothing is written.

use std::io::{Read, Write};
use std::net::TcpListener;

use engine::error::Fault;
use engine::rejection::RejectReason;
use engine::report::Outcome;
use engine::side::Side;
use gitwire::receive_pack::empty_pack;
use testkit::{Act, Direction, FaultProxy, GitDaemon, Point, Service, When};

use crate::mirror::{Done, Mirror};
use crate::packets::{Packets, listing};
use crate::scene::{Scene, push, source, target_listing};

/// A source that answers every request for a pack with these packets.
async fn fetching(scene: &Scene, packets: Packets) -> Done {
    // Over HTTP the first call lists and the others fetch: the rule of the listing is used up by then.
    let main = scene.source.resolve("main");
    let listed = Packets::new().line(&format!("{main} refs/heads/main")).flush();
    scene.server.once(
        source(When::call(Service::UploadPack)),
        listed.upload_pack_result(),
    );
    scene.server.on(
        source(When::call(Service::UploadPack)),
        packets.upload_pack_result(),
    );
    let done = scene.mirror().run().await;
    scene.server.wait_idle();
    scene.target.fsck_strict();
    done
}

#[track_caller]
fn assert_refused(scene: &Scene, done: &Done, words: &str) {
    assert!(scene.target.refs().is_empty());
    let error = done
        .report
        .error
        .as_ref()
        .unwrap_or_else(|| panic!("{:?}", done.report));
    assert_eq!((error.side, done.exit()), (Side::Source, 1), "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

fn band(bytes: &[u8]) -> Vec<u8> {
    [&[1], bytes].concat()
}

#[tokio::test]
async fn garbage_in_place_of_a_pack() {
    for garbage in [
        &b"PACX\0\0\0\x02\0\0\0\x01"[..],
        b"PACK\0\0\0\x09\0\0\0\x01",
        b"hello there",
    ] {
        let scene = Scene::new();
        let packets = Packets::new().line("packfile").data(&band(garbage)).flush();
        let done = fetching(&scene, packets).await;
        assert_refused(&scene, &done, "breaks the protocol");
        assert!(scene.pushes().is_empty());
    }
}

#[tokio::test]
async fn garbage_in_place_of_packets() {
    for garbage in [&b"zzzz"[..], b"0003", b"<html>", b"\xff\xff\xff\xff"] {
        let scene = Scene::new();
        let done = fetching(&scene, Packets::new().line("packfile").raw(garbage)).await;
        assert!(scene.target.refs().is_empty());
        let error = done.report.error.as_ref().expect("it is refused");
        assert!(matches!(error.kind, Fault::Protocol(_)), "{error}");
        assert_eq!((error.side, done.exit()), (Side::Source, 1));
    }
}

#[tokio::test]
async fn a_packet_line_that_is_too_long() {
    // 65,520 bytes are the most, with the length itself: gitprotocol-common(5).
    let scene = Scene::new();
    let packets = Packets::new()
        .line("packfile")
        .raw(b"fff1\x01")
        .raw(&[b'x'; 65_520]);
    let done = fetching(&scene, packets).await;
    assert_refused(&scene, &done, "breaks the protocol");
}

#[tokio::test]
async fn acknowledgments_without_end() {
    let scene = Scene::new();
    let mut packets = Packets::new().line("acknowledgments");
    for _ in 0..(1 << 20) + 1 {
        packets = packets.line("NAK");
    }
    let done = fetching(&scene, packets).await;
    assert_refused(&scene, &done, "breaks the protocol");
}

#[tokio::test]
async fn a_pack_that_ends_early_although_the_stream_does_not() {
    let scene = Scene::new();
    let whole = [b"PACK\0\0\0\x02\0\0\0\x05".as_slice(), &[0x95; 100]].concat();
    let packets = Packets::new().line("packfile").data(&band(&whole)).flush();
    let done = fetching(&scene, packets).await;
    // The source ended in peace; it is the target that finds the pack broken.
    let Outcome::Rejected(rejection) = done.outcome("refs/heads/main") else {
        panic!("{:?}", done.report)
    };
    assert_eq!(rejection.reason, RejectReason::Unpack);
    assert!(scene.target.refs().is_empty());
}

#[tokio::test]
async fn an_empty_pack_that_should_not_be() {
    let scene = Scene::new();
    let pack = empty_pack(gitwire::ObjectFormat::Sha1);
    let packets = Packets::new().line("packfile").data(&band(&pack)).flush();
    let done = fetching(&scene, packets).await;
    assert!(
        matches!(done.outcome("refs/heads/main"), Outcome::Rejected(_)),
        "{:?}",
        done.report
    );
    assert!(scene.target.refs().is_empty());
}

#[tokio::test]
async fn a_source_that_ends_in_the_middle_of_a_packet() {
    let scene = Scene::new();
    let packets = Packets::new()
        .line("packfile")
        .raw(b"0100\x01PACK\0\0\0\x02\0\0\0\x05");
    let done = fetching(&scene, packets).await;
    assert_refused(&scene, &done, "hung up");
}

#[tokio::test]
async fn an_error_in_the_middle_of_the_pack() {
    let scene = Scene::new();
    let start = [b"PACK\0\0\0\x02\0\0\0\x05".as_slice(), &[0x95; 1000]].concat();
    let packets = Packets::new()
        .line("packfile")
        .data(&band(&start))
        .data(b"\x03the disk of \x1b[1mthe source\x1b[0m is broken")
        .flush();
    let done = fetching(&scene, packets).await;
    assert_refused(&scene, &done, "the disk of");
    assert!(!done.error().contains('\x1b'));
}

#[tokio::test]
async fn a_byte_that_was_turned_over_on_the_way() {
    let scene = Scene::new();
    scene.source.history("main", 50);
    let daemon = GitDaemon::start(scene.folder.path());
    let proxy = FaultProxy::start(daemon.address());
    let point = Point::Seen {
        direction: Direction::ToClient,
        pattern: b"PACK".to_vec(),
        more: 3_000,
    };
    proxy.add(testkit::Fault::new(point, Act::Corrupt));
    let done = Mirror::new(
        &proxy.through(&daemon.url("source.git")),
        &scene.target.file_url(),
    )
    .run()
    .await;
    assert_ne!(done.exit(), 0);
    assert!(scene.target.refs().is_empty());
    scene.target.fsck_strict();
    let healthy = Mirror::new(&daemon.url("source.git"), &scene.target.file_url());
    healthy.run().await.ok();
    scene.assert_same();
}

/// A server that sends the same bytes to everybody, without end, until nobody listens any more.
fn flood(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The question is read, so that the end of the connection is no reset.
            let mut question = [0; 4096];
            let _ = stream.read(&mut question);
            while stream.write_all(bytes).is_ok() {}
        }
    });
    format!("git://{address}/source.git")
}

#[tokio::test]
async fn a_flood() {
    for (bytes, words) in [
        // No packet at all, capabilities without end, another protocol.
        (&b"ffffffffffffffffffffffff"[..], "not a Git repository"),
        (b"000eversion 2\n0016agent=endless-one\n", "protocol"),
        (b"HTTP/1.1 400 Bad Request\r\n", "not a Git repository"),
    ] {
        let scene = Scene::new();
        let done = Mirror::new(&flood(bytes), &scene.target.file_url()).run().await;
        assert_refused(&scene, &done, words);
    }
}

#[tokio::test]
async fn a_target_that_reports_without_end() {
    let scene = Scene::new();
    let mut report = Packets::new().line("unpack ok");
    for number in 0..70_000 {
        report = report.line(&format!("ok refs/heads/{number}"));
    }
    let mut answer = Packets::new();
    for chunk in report.flush().bytes().chunks(60_000) {
        answer = answer.data(&band(chunk));
    }
    scene.server.once(push(), answer.flush().receive_pack_result());
    let done = scene.mirror().run().await;
    let error = done.report.error.as_ref().expect("it is refused");
    assert!(matches!(error.kind, Fault::Protocol(_)), "{error}");
    assert_eq!((error.side, done.exit()), (Side::Target, 1));
    assert_eq!(done.outcome("refs/heads/main"), Outcome::NotWritten);
}

#[tokio::test]
async fn a_target_that_reports_garbage() {
    for garbage in [
        Packets::new().line("hello"),
        Packets::new().raw(b"zzzz"),
        Packets::new().flush(),
    ] {
        let scene = Scene::new();
        scene.server.once(push(), garbage.receive_pack_result());
        let done = scene.mirror().run().await;
        let error = done.report.error.as_ref().expect("it is refused");
        assert_eq!((error.side, done.exit()), (Side::Target, 1), "{error}");
        assert!(scene.target.refs().is_empty());
    }
}

#[tokio::test]
async fn a_target_that_lists_an_id_of_another_length() {
    let scene = Scene::new();
    let sha256 = "ab".repeat(32);
    let odd = listing([("refs/heads/main", sha256.as_str())], "report-status").flush();
    scene
        .server
        .on(target_listing(), odd.receive_pack_advertisement());
    let done = scene.mirror().run().await;
    let error = done.report.error.as_ref().expect("it is refused");
    assert!(matches!(error.kind, Fault::Protocol(_)), "{error}");
    assert_eq!((error.side, scene.pushes().len()), (Side::Target, 0));
}
