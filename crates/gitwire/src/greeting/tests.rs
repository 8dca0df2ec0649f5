use super::*;
use crate::pktline::{Decoder, PacketError};

const ID: &str = "1111111111111111111111111111111111111111";
const TAG: &str = "2222222222222222222222222222222222222222";
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// Feeds lines, and a flush packet for each `0000`.
fn read(service: Service, lines: &[&str]) -> Result<(GreetingDecoder, Vec<GreetingEvent>), ProtocolError> {
    let mut decoder = GreetingDecoder::new(service);
    let mut events = Vec::new();
    for line in lines {
        let packet = if *line == "0000" {
            Packet::Flush
        } else {
            Packet::Data(format!("{line}\n").into())
        };
        events.push(decoder.packet(&packet)?);
    }
    events.retain(|event| *event != GreetingEvent::Nothing);
    Ok((decoder, events))
}

fn id(hex: &str) -> Oid {
    crate::parse_oid(hex.as_bytes()).unwrap()
}

fn name(name: &str) -> RefName {
    RefName::new(name).unwrap()
}

#[test]
fn version_2_lists_capabilities() {
    let lines = [
        "version 2",
        "agent=git/2.47.3",
        "ls-refs=unborn",
        "fetch=shallow filter",
        "object-format=sha256",
        "0000",
    ];
    let over_http = [&["# service=git-upload-pack", "0000"][..], &lines].concat();
    for lines in [&lines[..], &over_http] {
        let (decoder, events) = read(Service::UploadPack, lines).unwrap();
        assert_eq!(events, [GreetingEvent::End]);
        assert_eq!(
            (decoder.version(), decoder.object_format()),
            (Version::V2, ObjectFormat::Sha256)
        );
        assert!(decoder.capabilities().feature("fetch", "filter"));
        assert_eq!(decoder.finish(), Ok(()));
    }
}

#[test]
fn version_0_lists_references_behind_the_capabilities() {
    let first = format!("{ID} HEAD\0multi_ack thin-pack symref=HEAD:refs/heads/main object-format=sha1");
    let lines = [
        first.as_str(),
        &format!("{ID} refs/heads/main"),
        &format!("{ID} refs/heads/a..b"),
        &format!("{TAG} refs/tags/v1"),
        &format!("{ID} refs/tags/v1^{{}}"),
        &format!("shallow {ID}"),
        "0000",
    ];
    let (decoder, events) = read(Service::UploadPack, &lines).unwrap();
    let expected = [
        GreetingEvent::Head(id(ID)),
        GreetingEvent::Ref {
            name: name("refs/heads/main"),
            id: id(ID),
        },
        GreetingEvent::InvalidName("refs/heads/a..b".into()),
        GreetingEvent::Ref {
            name: name("refs/tags/v1"),
            id: id(TAG),
        },
        GreetingEvent::Peeled {
            name: name("refs/tags/v1"),
            id: id(ID),
        },
        GreetingEvent::Shallow(id(ID)),
        GreetingEvent::End,
    ];
    assert_eq!(events, expected);
    assert_eq!(decoder.version(), Version::V0);
    assert_eq!(decoder.symrefs(), [("HEAD".into(), name("refs/heads/main"))]);
    assert!(decoder.capabilities().has("thin-pack"));
    let over_version_1 = [&["version 1"], &lines[..]].concat();
    let (decoder, events) = read(Service::UploadPack, &over_version_1).unwrap();
    assert_eq!(
        (decoder.version(), events.as_slice()),
        (Version::V1, &expected[..])
    );
}

#[test]
fn a_receive_pack_lists_haves() {
    let first = format!("{ID} refs/heads/main\0report-status delete-refs");
    let (decoder, events) = read(
        Service::ReceivePack,
        &[
            "# service=git-receive-pack",
            "0000",
            &first,
            &format!("{TAG} .have"),
            "0000",
        ],
    )
    .unwrap();
    let main = GreetingEvent::Ref {
        name: name("refs/heads/main"),
        id: id(ID),
    };
    assert_eq!(events, [main, GreetingEvent::Have(id(TAG)), GreetingEvent::End]);
    assert!(decoder.capabilities().has("delete-refs"));
}

#[test]
fn an_empty_repository_has_capabilities_or_not_even_those() {
    let (decoder, events) = read(
        Service::ReceivePack,
        &[&format!("{ZEROS} capabilities^{{}}\0report-status"), "0000"],
    )
    .unwrap();
    assert_eq!(events, [GreetingEvent::End]);
    assert!(decoder.capabilities().has("report-status"));
    for lines in [&["0000"][..], &["# service=git-upload-pack", "0000", "0000"]] {
        let (decoder, events) = read(Service::UploadPack, lines).unwrap();
        assert_eq!((events, decoder.is_done()), (vec![GreetingEvent::End], true));
        assert!(decoder.capabilities().is_empty());
    }
}

#[test]
fn a_greeting_without_its_flush_packet_is_no_greeting() {
    for lines in [
        &[][..],
        &["# service=git-upload-pack"],
        &["# service=git-upload-pack", "0000"],
        &["version 2", "fetch"],
    ] {
        let (decoder, _) = read(Service::UploadPack, lines).unwrap();
        assert_eq!(
            decoder.finish(),
            Err(ProtocolError::Ended {
                during: "the greeting"
            }),
            "{lines:?}"
        );
    }
}

#[test]
fn an_error_packet_is_the_servers_own_word() {
    for before in [&[][..], &["version 1"], &["# service=git-upload-pack", "0000"]] {
        let lines = [before, &["ERR access denied or repository not exported: /x"]].concat();
        let error = read(Service::UploadPack, &lines).unwrap_err();
        assert_eq!(
            error,
            ProtocolError::Remote("access denied or repository not exported: /x".into())
        );
    }
}

#[test]
fn whatever_is_no_greeting_is_refused() {
    let first = format!("{ID} HEAD\0agent=x");
    for lines in [
        &["# service=git-receive-pack"][..],
        &["version 3"],
        &["version 1", "version 2"],
        &["hello"],
        &["123 refs/heads/main\0"],
        &[&first, "refs/heads/main"],
        &["0000", "0000"],
        &["0000", "version 2"],
    ] {
        assert!(
            matches!(
                read(Service::UploadPack, lines),
                Err(ProtocolError::Unexpected { .. })
            ),
            "{lines:?}"
        );
    }
    assert!(
        read(Service::ReceivePack, &["version 2"]).is_err(),
        "a receive-pack has no version 2"
    );
    let sha256 = format!("{} HEAD\0agent=x", "ab".repeat(32));
    assert!(matches!(
        read(Service::UploadPack, &[&sha256]),
        Err(ProtocolError::ObjectFormat { .. })
    ));
    assert_eq!(
        read(Service::UploadPack, &["version 2", "object-format=sha3", "0000"]).unwrap_err(),
        ProtocolError::UnknownObjectFormat("sha3".into())
    );
    assert!(
        GreetingDecoder::new(Service::UploadPack)
            .packet(&Packet::Delimiter)
            .is_err()
    );
}

#[test]
fn a_page_of_html_is_no_greeting() {
    let mut packets = Decoder::new();
    packets.feed(b"<!DOCTYPE html>");
    let error = ProtocolError::from(packets.next_packet().unwrap_err());
    assert_eq!(error, ProtocolError::Packet(PacketError::Length("<!DO".into())));
}

#[test]
fn a_listing_has_an_end() {
    let mut decoder = GreetingDecoder::limited(Service::ReceivePack, 2);
    let line = |name: &str| Packet::Data(format!("{ID} {name}\n").into());
    for name in ["refs/heads/main\0report-status", ".have"] {
        decoder.packet(&line(name)).unwrap();
    }
    let limit = ProtocolError::Limit {
        what: "references",
        limit: 2,
    };
    assert_eq!(decoder.packet(&line("refs/heads/other")), Err(limit));
}
