//! The second implementation of git. A Java machine takes a second to start, so each test holds few conversations.

use std::collections::BTreeMap;

use gitwire::ObjectFormat;
use gitwire::greeting::Service;
use gitwire::pack::PackHeader;
use gitwire::receive_pack::{Command, PushCapabilities, PushWish, encode_commands};
use gitwire::report::ReportVersion;
use gitwire::sideband::SideBand;
use gitwire::upload_pack_v0::{AckMode, Haves, V0Capabilities, V0Decoder, encode_haves, encode_wants};

use super::greeting::{listed, references};
use super::push::{answer, done, pack_of};
use super::server::Server;
use super::{furnished, id, is_complete, name, replay, repo, take_pack, v0};

#[test]
fn its_listings_are_what_git_shows() {
    let repo = furnished(ObjectFormat::Sha1);
    let (values, peeled) = references(&repo);
    let mut server = Server::start_jgit(Service::UploadPack, &repo);
    let (decoder, events) = server.greeting(Service::UploadPack);
    assert_eq!(listed(&events), (values.clone(), peeled));
    assert_eq!(decoder.symrefs()[0], ("HEAD".into(), name("refs/heads/main")));
    let (_, events) = Server::start_jgit(Service::ReceivePack, &repo).greeting(Service::ReceivePack);
    assert_eq!(listed(&events), (values, BTreeMap::new()));
}

#[test]
fn its_packs_follow_rounds_of_every_kind() {
    let (source, target, old, new) = v0::pair(ObjectFormat::Sha1);
    for (ack, side_band) in [
        (AckMode::Single, SideBand::None),
        (AckMode::Multi, SideBand::Small),
        (AckMode::Detailed, SideBand::Large),
    ] {
        let mut server = Server::start_jgit(Service::UploadPack, &source);
        let (greeting, _) = server.greeting(Service::UploadPack);
        let offered = v0::choose(&greeting);
        assert_eq!(
            (offered.ack, offered.side_band),
            (AckMode::Detailed, SideBand::Large)
        );
        let chosen = V0Capabilities {
            ack,
            side_band,
            ..offered
        };
        server.send(&encode_wants(&chosen, &[new], &[], None));
        server.send(&encode_haves(&[id(&"5".repeat(40))], Haves::Flush));
        let mut decoder = V0Decoder::new(&chosen, false);
        v0::round(&mut server, &mut decoder).unwrap();
        server.send(&encode_haves(&[old], Haves::Flush));
        decoder.flush_sent();
        v0::round(&mut server, &mut decoder).unwrap();
        server.send(&encode_haves(&[], Haves::Done));
        decoder.done_sent();
        v0::round(&mut server, &mut decoder).unwrap();
        let pack = v0::pack(&mut server, &mut decoder, chosen.side_band);
        assert_eq!(
            PackHeader::parse(&pack).unwrap().unwrap().objects,
            3,
            "{chosen:?}"
        );
        take_pack(&target, &pack).unwrap();
    }
    assert!(is_complete(&target, new));
}

#[test]
fn it_reports_what_it_did_and_what_it_refused() {
    let (source, target) = (repo(ObjectFormat::Sha1), repo(ObjectFormat::Sha1));
    let (one, two) = (
        id(&source.commit("main", "one")),
        id(&source.commit("main", "two")),
    );
    let mut server = Server::start_jgit(Service::ReceivePack, &target);
    let (decoder, _) = server.greeting(Service::ReceivePack);
    replay("greeting", &[1], &server.take_transcript());
    let caps = PushCapabilities::choose(decoder.capabilities(), PushWish::default());
    assert_eq!(
        (caps.report, caps.side_band),
        (ReportVersion::V1, SideBand::Large)
    );
    let commands = [
        Command::create(name("refs/heads/main"), two).unwrap(),
        Command::update(name("refs/heads/gone"), one, two).unwrap(),
    ];
    server.send(
        &[
            encode_commands(&commands, &caps, &[], Some("refsync/test")),
            pack_of(&source, two),
        ]
        .concat(),
    );
    let answer = answer(&mut server, &caps).unwrap();
    assert_eq!(
        (answer.unpack, answer.ok),
        (Some(Ok(())), done(&["refs/heads/main"]))
    );
    assert_eq!(answer.ng.len(), 1);
    assert_eq!(target.refs(), source.refs());
}
