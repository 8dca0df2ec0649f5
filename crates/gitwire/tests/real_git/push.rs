use gitwire::greeting::Service;
use gitwire::message::sanitize;
use gitwire::pktline::Packet;
use gitwire::receive_pack::{Command, PushCapabilities, PushWish, empty_pack, encode_commands, needs_pack};
use gitwire::report::{OkOptions, ReportDecoder, ReportEvent, ReportVersion};
use gitwire::sideband::SideBand;
use gitwire::{ObjectFormat, Oid, ProtocolError};
use testkit::Repo;

use super::server::Server;
use super::{FORMATS, furnished, id, name, replay, repo};

/// The answer to a push, in parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) unpack: Option<Result<(), String>>,
    pub(crate) ok: Vec<(String, OkOptions)>,
    pub(crate) ng: Vec<(String, String)>,
    pub(crate) messages: String,
}

/// Pushes with what `adjust` leaves of the capabilities.
fn push_with(
    target: &Repo,
    commands: &[Command],
    pack: &[u8],
    options: &[String],
    adjust: impl FnOnce(&mut PushCapabilities),
) -> Result<Answer, ProtocolError> {
    let mut server = Server::start(Service::ReceivePack, target, 0);
    let (decoder, _) = server.greeting(Service::ReceivePack);
    replay("greeting", &[1], &server.take_transcript());
    let wish = PushWish {
        atomic: false,
        push_options: !options.is_empty(),
        quiet: true,
    };
    let mut caps = PushCapabilities::choose(decoder.capabilities(), wish);
    assert_eq!(
        (caps.report, caps.side_band, caps.delete_refs),
        (ReportVersion::V2, SideBand::Large, true)
    );
    adjust(&mut caps);
    server.send(&encode_commands(commands, &caps, options, Some("refsync/test")));
    if needs_pack(commands) {
        server.send(pack);
    }
    answer(&mut server, &caps)
}

/// Reads the report to the end of the stream.
pub(crate) fn answer(server: &mut Server, caps: &PushCapabilities) -> Result<Answer, ProtocolError> {
    let mut report = ReportDecoder::new(caps.side_band, caps.report);
    let mut answer = Answer::default();
    while !report.is_done() {
        let Some(packet) = server.packet() else { break };
        collect(&mut report, &packet, &mut answer)?;
    }
    assert_eq!(server.packet(), None, "nothing follows the report");
    report.finish().map(|()| answer)
}

fn collect(report: &mut ReportDecoder, packet: &Packet, answer: &mut Answer) -> Result<(), ProtocolError> {
    for event in report.packet(packet)? {
        match event {
            ReportEvent::Remote(bytes) => answer.messages.push_str(&sanitize(bytes)),
            ReportEvent::Unpack(result) => answer.unpack = Some(result.map_err(|error| error.to_string())),
            ReportEvent::Ok { name, options } => answer.ok.push((name.to_string(), options)),
            ReportEvent::Ng { name, reason } => answer.ng.push((name.to_string(), reason.to_string())),
            ReportEvent::End => {}
        }
    }
    Ok(())
}

fn push(target: &Repo, commands: &[Command], pack: &[u8]) -> Answer {
    push_with(target, commands, pack, &[], |_| {}).unwrap()
}

/// Everything that `new` reaches, as a pack.
pub(crate) fn pack_of(source: &Repo, new: Oid) -> Vec<u8> {
    let mut command = testkit::git(source.path());
    command.args(["pack-objects", "--revs", "--stdout", "-q"]);
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{new}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap().stdout
}

pub(crate) fn done(names: &[&str]) -> Vec<(String, OkOptions)> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), OkOptions::default()))
        .collect()
}

#[test]
fn references_are_made_moved_and_deleted() {
    for format in FORMATS {
        let (source, target) = (repo(format), repo(format));
        let (one, two) = (
            id(&source.commit("main", "one")),
            id(&source.commit("main", "two")),
        );
        let create = |reference, new| Command::create(name(reference), new).unwrap();
        let commands = [create("refs/heads/main", one), create("refs/heads/old", one)];
        let answer = push(&target, &commands, &pack_of(&source, two));
        assert_eq!(
            (answer.unpack, answer.ok),
            (Some(Ok(())), done(&["refs/heads/main", "refs/heads/old"]))
        );
        let update = Command::update(name("refs/heads/main"), one, two).unwrap();
        let answer = push(&target, &[update], &empty_pack(format));
        assert_eq!(
            answer.ok,
            done(&["refs/heads/main"]),
            "the receiver has the object: the empty pack is enough"
        );
        let delete = Command::delete(name("refs/heads/old"), one).unwrap();
        assert_eq!(push(&target, &[delete], b"").ok, done(&["refs/heads/old"]));
        assert_eq!(target.refs(), source.refs());
    }
}

#[test]
fn every_report_reads_the_same() {
    for side_band in [SideBand::None, SideBand::Large] {
        for report in [ReportVersion::V1, ReportVersion::V2] {
            let (source, target) = (repo(ObjectFormat::Sha1), repo(ObjectFormat::Sha1));
            let one = id(&source.commit("main", "one"));
            let commands = [
                Command::create(name("refs/heads/main"), one).unwrap(),
                Command::update(name("refs/heads/gone"), one, one).unwrap(),
            ];
            let answer = push_with(&target, &commands, &pack_of(&source, one), &[], |caps| {
                (caps.report, caps.side_band) = (report, side_band);
            });
            let answer = answer.unwrap();
            assert_eq!(
                (answer.unpack, answer.ok),
                (Some(Ok(())), done(&["refs/heads/main"]))
            );
            assert_eq!(answer.ng.len(), 1, "{side_band:?} {report:?}");
            assert_eq!(answer.ng[0].0, "refs/heads/gone");
        }
    }
}

#[test]
fn without_a_report_only_the_repository_tells() {
    for side_band in [SideBand::None, SideBand::Large] {
        let (source, target) = (repo(ObjectFormat::Sha1), repo(ObjectFormat::Sha1));
        let one = id(&source.commit("main", "one"));
        let commands = [Command::create(name("refs/heads/main"), one).unwrap()];
        let answer = push_with(&target, &commands, &pack_of(&source, one), &[], |caps| {
            (caps.report, caps.side_band) = (ReportVersion::None, side_band);
        });
        assert_eq!(answer, Ok(Answer::default()));
        assert_eq!(target.refs(), source.refs());
    }
}

#[test]
fn a_lost_lease_is_refused() {
    let target = furnished(ObjectFormat::Sha1);
    let before = target.refs();
    let (main, older) = (id(&target.resolve("main")), id(&target.resolve("main~1")));
    let commands = [
        Command::update(name("refs/heads/main"), older, main).unwrap(),
        Command::create(name("refs/heads/feature/x"), main).unwrap(),
        Command::delete(name("refs/tags/light"), main).unwrap(),
    ];
    let answer = push(&target, &commands, &empty_pack(ObjectFormat::Sha1));
    assert_eq!(
        (answer.unpack, answer.ok, answer.ng.len()),
        (Some(Ok(())), vec![], 3)
    );
    assert_eq!(target.refs(), before);
}

#[test]
fn all_or_none_where_asked() {
    let target = furnished(ObjectFormat::Sha1);
    let before = target.refs();
    let (main, older) = (id(&target.resolve("main")), id(&target.resolve("main~1")));
    let commands = [
        Command::create(name("refs/heads/new"), main).unwrap(),
        Command::update(name("refs/heads/main"), older, main).unwrap(),
    ];
    let pack = empty_pack(ObjectFormat::Sha1);
    let answer = push_with(&target, &commands, &pack, &[], |caps| caps.atomic = true).unwrap();
    assert_eq!((answer.ok, answer.ng.len()), (vec![], 2));
    assert_eq!(target.refs(), before);
    let answer = push(&target, &commands, &pack);
    assert_eq!((answer.ok, answer.ng.len()), (done(&["refs/heads/new"]), 1));
}

#[test]
fn a_hook_speaks_and_refuses() {
    let target = furnished(ObjectFormat::Sha1);
    target.hook("update", "echo 'no \x1b[31mentry'; [ $1 = refs/heads/open ]");
    target.hook("post-receive", "echo after");
    let main = id(&target.resolve("main"));
    let create = |reference| Command::create(name(reference), main).unwrap();
    let commands = [create("refs/heads/closed"), create("refs/heads/open")];
    let answer = push(&target, &commands, &empty_pack(ObjectFormat::Sha1));
    assert_eq!(answer.ok, done(&["refs/heads/open"]));
    assert_eq!(
        answer.ng,
        [("refs/heads/closed".to_owned(), "hook declined".to_owned())]
    );
    assert!(
        answer.messages.starts_with("no [31mentry") && answer.messages.ends_with("after"),
        "{}",
        answer.messages
    );
}

#[test]
fn push_options_reach_the_hook() {
    let target = furnished(ObjectFormat::Sha1);
    target.config("receive.advertisePushOptions", "true");
    target.hook(
        "pre-receive",
        "echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0 $GIT_PUSH_OPTION_1\"",
    );
    let commands = [Command::create(name("refs/heads/new"), id(&target.resolve("main"))).unwrap()];
    let options = ["ci.skip".to_owned(), "topic=a b".to_owned()];
    let answer = push_with(
        &target,
        &commands,
        &empty_pack(ObjectFormat::Sha1),
        &options,
        |_| {},
    )
    .unwrap();
    assert_eq!(answer.messages, "2 ci.skip topic=a b");
}

#[test]
fn a_pack_that_lacks_objects_moves_nothing() {
    let (source, target) = (repo(ObjectFormat::Sha1), repo(ObjectFormat::Sha1));
    let one = id(&source.commit("main", "one"));
    let commands = [Command::create(name("refs/heads/main"), one).unwrap()];
    let answer = push(&target, &commands, &empty_pack(ObjectFormat::Sha1));
    assert_eq!(
        answer.ng,
        [(
            "refs/heads/main".to_owned(),
            "missing necessary objects".to_owned()
        )]
    );
    let mut cut = pack_of(&source, one);
    cut.truncate(cut.len() - 25);
    cut.extend([0; 25]);
    let answer = push(&target, &commands, &cut);
    assert!(
        matches!(&answer.unpack, Some(Err(error)) if error.contains("unpack-objects")),
        "{answer:?}"
    );
    assert_eq!(answer.ng.len(), 1);
    assert!(target.refs().is_empty());
}

#[test]
fn a_receiver_that_writes_elsewhere_says_where() {
    let target = furnished(ObjectFormat::Sha1);
    target.config("receive.procReceiveRefs", "refs/for");
    let (main, older) = (target.resolve("main"), target.resolve("main~1"));
    // The hook speaks packet lines itself: version, then for the one command two reports.
    let script = format!(
        r#"pkt() {{ printf '%04x%s' $(( ${{#1}} + 4 )) "$1"; }}
           # The version and its flush packet, the command and its flush packet.
           while line=$(dd bs=1 count=4 2>/dev/null) && [ "$line" != 0000 ]; do dd bs=1 count=$(( 0x$line - 4 )) of=/dev/null 2>/dev/null; done
           pkt 'version=1'; printf 0000
           while line=$(dd bs=1 count=4 2>/dev/null) && [ "$line" != 0000 ]; do dd bs=1 count=$(( 0x$line - 4 )) of=/dev/null 2>/dev/null; done
           pkt 'ok refs/for/main'; pkt 'option refname refs/changes/1'; pkt 'option old-oid {older}'
           pkt 'option new-oid {main}'; pkt 'option forced-update'
           pkt 'ok refs/for/main'; pkt 'option refname refs/changes/2'; printf 0000"#
    );
    target.hook("proc-receive", &script);
    let commands = [Command::create(name("refs/for/main"), id(&main)).unwrap()];
    let answer = push(&target, &commands, &empty_pack(ObjectFormat::Sha1));
    let first = OkOptions {
        refname: Some(name("refs/changes/1")),
        old_oid: Some(id(&older)),
        new_oid: Some(id(&main)),
        forced_update: true,
    };
    let second = OkOptions {
        refname: Some(name("refs/changes/2")),
        ..OkOptions::default()
    };
    let expected = [
        ("refs/for/main".to_owned(), first),
        ("refs/for/main".to_owned(), second),
    ];
    assert_eq!(answer.ok, expected, "{answer:?}");
}

#[test]
fn a_receiver_that_dies_leaves_a_report_that_is_not_whole() {
    let target = furnished(ObjectFormat::Sha1);
    target.hook("reference-transaction", "kill -9 $PPID");
    let commands = [Command::create(name("refs/heads/new"), id(&target.resolve("main"))).unwrap()];
    let answer = push_with(&target, &commands, &empty_pack(ObjectFormat::Sha1), &[], |_| {});
    assert_eq!(answer, Err(ProtocolError::Ended { during: "the report" }));
}
