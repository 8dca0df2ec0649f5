use gitwire::greeting::{GreetingDecoder, Service};
use gitwire::sideband::SideBand;
use gitwire::upload_pack_v0::{
    AckMode, AckStatus, Haves, V0Capabilities, V0Decoder, V0Event, encode_haves, encode_wants,
};
use gitwire::{ObjectFormat, Oid, ProtocolError};
use testkit::Repo;

use super::server::Server;
use super::{FORMATS, furnished, id, is_complete, repo, take_pack};

/// A source with one more commit than the target, their common value and the new one.
pub(crate) fn pair(format: ObjectFormat) -> (Repo, Repo, Oid, Oid) {
    let (source, target) = (furnished(format), repo(format));
    target.git(&["fetch", "-q", &source.file_url(), "main:main"]);
    let old = id(&source.resolve("main"));
    let new = id(&source.commit("main", "a new one"));
    (source, target, old, new)
}

pub(crate) fn choose(decoder: &GreetingDecoder) -> V0Capabilities {
    let chosen = V0Capabilities::choose(decoder.capabilities());
    V0Capabilities {
        agent: Some("refsync/test".into()),
        ..chosen
    }
}

fn connect(repo: &Repo) -> (Server, V0Capabilities) {
    let mut server = Server::start(Service::UploadPack, repo, 0);
    let (decoder, _) = server.greeting(Service::UploadPack);
    let chosen = choose(&decoder);
    (server, chosen)
}

/// Every way to acknowledge with every way to send.
pub(crate) fn modes(offered: &V0Capabilities) -> Vec<V0Capabilities> {
    let mut all = Vec::new();
    for ack in [AckMode::Single, AckMode::Multi, AckMode::Detailed] {
        for side_band in [SideBand::None, SideBand::Small, SideBand::Large] {
            all.push(V0Capabilities {
                ack,
                side_band,
                ..offered.clone()
            });
        }
    }
    all
}

/// The events of one round.
pub(crate) fn round(server: &mut Server, decoder: &mut V0Decoder) -> Result<Vec<V0Event>, ProtocolError> {
    let mut events = Vec::new();
    while !decoder.round_is_over() && !decoder.in_pack() {
        let Some(packet) = server.packet() else {
            return decoder.finish().map(|()| events);
        };
        events.push(decoder.packet(&packet)?);
    }
    events.retain(|event| *event != V0Event::Nothing);
    Ok(events)
}

/// The pack, in whichever way it is sent.
pub(crate) fn pack(server: &mut Server, decoder: &mut V0Decoder, side_band: SideBand) -> Vec<u8> {
    assert!(decoder.in_pack());
    if side_band == SideBand::None {
        return server.rest();
    }
    let mut pack = Vec::new();
    while !decoder.is_done() {
        if let V0Event::Pack(bytes) = decoder.packet(&server.packet().unwrap()).unwrap() {
            pack.extend_from_slice(&bytes);
        }
    }
    pack
}

#[test]
fn everything_is_fetched_in_every_mode() {
    for format in FORMATS {
        let source = furnished(format);
        let wants: Vec<Oid> = source.refs().values().map(|value| id(value)).collect();
        for chosen in modes(&connect(&source).1) {
            let (mut server, _) = connect(&source);
            server.send(&encode_wants(&chosen, &wants, &[], None));
            server.send(&encode_haves(&[], Haves::Done));
            let mut decoder = V0Decoder::new(&chosen, true);
            assert_eq!(round(&mut server, &mut decoder).unwrap(), [V0Event::Nak]);
            let target = repo(format);
            take_pack(&target, &pack(&mut server, &mut decoder, chosen.side_band)).unwrap();
            assert!(wants.iter().all(|want| is_complete(&target, *want)), "{chosen:?}");
        }
    }
}

#[test]
fn rounds_on_one_connection_end_in_a_thin_pack_in_every_mode() {
    let (source, target, old, new) = pair(ObjectFormat::Sha1);
    let unknown = id(&"5".repeat(40));
    for chosen in modes(&connect(&source).1) {
        let (mut server, _) = connect(&source);
        server.send(&encode_wants(&chosen, &[new], &[], None));
        server.send(&encode_haves(&[unknown], Haves::Flush));
        let mut decoder = V0Decoder::new(&chosen, false);
        assert_eq!(round(&mut server, &mut decoder).unwrap(), [V0Event::Nak]);
        server.send(&encode_haves(&[old], Haves::Flush));
        decoder.flush_sent();
        let ack = |status| V0Event::Ack { id: old, status };
        let expected = match chosen.ack {
            AckMode::Single => vec![ack(AckStatus::Final)],
            AckMode::Multi => vec![ack(AckStatus::Continue), V0Event::Nak],
            AckMode::Detailed => vec![ack(AckStatus::Common), ack(AckStatus::Ready), V0Event::Nak],
        };
        assert_eq!(round(&mut server, &mut decoder).unwrap(), expected);
        server.send(&encode_haves(&[], Haves::Done));
        decoder.done_sent();
        let expected = if chosen.ack == AckMode::Single {
            vec![]
        } else {
            vec![ack(AckStatus::Final)]
        };
        assert_eq!(round(&mut server, &mut decoder).unwrap(), expected);
        let pack = pack(&mut server, &mut decoder, chosen.side_band);
        assert_eq!(
            gitwire::pack::PackHeader::parse(&pack).unwrap().unwrap().objects,
            3,
            "{chosen:?}"
        );
        take_pack(&target, &pack).unwrap();
    }
    assert!(is_complete(&target, new));
}

#[test]
fn rounds_may_be_sent_ahead_of_their_answers() {
    let (source, target, old, new) = pair(ObjectFormat::Sha1);
    for chosen in modes(&connect(&source).1) {
        let (mut server, _) = connect(&source);
        server.send(&encode_wants(&chosen, &[new], &[], None));
        server.send(&encode_haves(&[id(&"5".repeat(40))], Haves::Flush));
        server.send(&encode_haves(&[old], Haves::Flush));
        server.send(&encode_haves(&[id(&"6".repeat(40))], Haves::Done));
        let mut decoder = V0Decoder::new(&chosen, false);
        decoder.flush_sent();
        decoder.done_sent();
        round(&mut server, &mut decoder).unwrap();
        let pack = pack(&mut server, &mut decoder, chosen.side_band);
        take_pack(&target, &pack).unwrap_or_else(|error| panic!("{chosen:?}: {error}"));
    }
}

/// One request without state, as over HTTP.
fn stateless(source: &Repo, request: &[u8]) -> Server {
    let mut server = Server::start_with(Service::UploadPack, source, 0, &["--stateless-rpc"]);
    server.send(request);
    server
}

fn advertised_without_state(source: &Repo) -> V0Capabilities {
    let options = ["--stateless-rpc", "--http-backend-info-refs"];
    let mut server = Server::start_with(Service::UploadPack, source, 0, &options);
    choose(&server.greeting(Service::UploadPack).0)
}

#[test]
fn without_state_every_request_repeats_what_counts() {
    let (source, target, old, new) = pair(ObjectFormat::Sha1);
    let chosen = V0Capabilities {
        no_done: false,
        ..advertised_without_state(&source)
    };
    let wants = encode_wants(&chosen, &[new], &[], None);
    let unknown = id(&"5".repeat(40));
    let mut server = stateless(
        &source,
        &[wants.clone(), encode_haves(&[unknown], Haves::Flush)].concat(),
    );
    let mut decoder = V0Decoder::new(&chosen, false);
    assert_eq!(round(&mut server, &mut decoder).unwrap(), [V0Event::Nak]);
    assert_eq!((server.packet(), decoder.finish()), (None, Ok(())));
    let mut server = stateless(
        &source,
        &[wants, encode_haves(&[unknown, old], Haves::Done)].concat(),
    );
    let mut decoder = V0Decoder::new(&chosen, true);
    let events = round(&mut server, &mut decoder).unwrap();
    assert_eq!(
        events.last(),
        Some(&V0Event::Ack {
            id: old,
            status: AckStatus::Final
        })
    );
    take_pack(&target, &pack(&mut server, &mut decoder, chosen.side_band)).unwrap();
    assert!(is_complete(&target, new));
}

#[test]
fn a_server_that_may_leave_out_done_does() {
    let (source, target, old, new) = pair(ObjectFormat::Sha1);
    let chosen = advertised_without_state(&source);
    assert!(chosen.no_done);
    let request = [
        encode_wants(&chosen, &[new], &[], None),
        encode_haves(&[old], Haves::Flush),
    ]
    .concat();
    let mut server = stateless(&source, &request);
    let mut decoder = V0Decoder::new(&chosen, false);
    round(&mut server, &mut decoder).unwrap();
    take_pack(&target, &pack(&mut server, &mut decoder, chosen.side_band)).unwrap();
    assert!(is_complete(&target, new));
}

#[test]
fn an_object_that_was_not_listed_is_refused_in_the_servers_words() {
    let source = furnished(ObjectFormat::Sha1);
    let (mut server, chosen) = connect(&source);
    let unlisted = id(&source.resolve("main~2"));
    server.send(&encode_wants(&chosen, &[unlisted], &[], None));
    server.send(&encode_haves(&[], Haves::Done));
    let error = round(&mut server, &mut V0Decoder::new(&chosen, true));
    assert_eq!(
        error,
        Err(ProtocolError::Remote(
            format!("upload-pack: not our ref {unlisted}").into()
        ))
    );
}

#[test]
fn history_is_cut_where_asked() {
    let source = furnished(ObjectFormat::Sha1);
    let main = id(&source.resolve("main"));
    let (mut server, chosen) = connect(&source);
    server.send(&encode_wants(&chosen, &[main], &[], Some(1)));
    server.send(&encode_haves(&[], Haves::Done));
    let mut decoder = V0Decoder::new(&chosen, true);
    assert_eq!(
        round(&mut server, &mut decoder).unwrap(),
        [V0Event::Shallow(main), V0Event::Nak]
    );
    pack(&mut server, &mut decoder, chosen.side_band);
    let (mut server, chosen) = connect(&source);
    server.send(&encode_wants(&chosen, &[main], &[main], Some(50)));
    server.send(&encode_haves(&[main], Haves::Done));
    let mut decoder = V0Decoder::new(&chosen, true);
    assert_eq!(
        round(&mut server, &mut decoder).unwrap()[0],
        V0Event::Unshallow(main)
    );
}

#[test]
fn a_shallow_target_gets_what_it_lacks() {
    let source = furnished(ObjectFormat::Sha1);
    let old = id(&source.resolve("main"));
    let target = source.shallow_clone(source.root().join("shallow.git"), 1);
    let new = id(&source.commit("main", "a new one"));
    let (mut server, chosen) = connect(&source);
    server.send(&encode_wants(&chosen, &[new], &[old], None));
    server.send(&encode_haves(&[old], Haves::Done));
    let mut decoder = V0Decoder::new(&chosen, true);
    round(&mut server, &mut decoder).unwrap();
    take_pack(&target, &pack(&mut server, &mut decoder, chosen.side_band)).unwrap();
    assert!(is_complete(&target, new));
}
