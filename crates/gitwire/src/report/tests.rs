use super::*;
use crate::pktline::{write_flush, write_line};

const ID: &str = "1111111111111111111111111111111111111111";

/// The bytes of a report; `0000` is the flush packet.
fn bytes(lines: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        match *line {
            "0000" => write_flush(&mut out),
            line => write_line(&mut out, line),
        }
    }
    out
}

fn plain(report: ReportVersion, lines: &[&str]) -> Result<(ReportDecoder, Vec<ReportEvent>), ProtocolError> {
    let mut packets = Decoder::new();
    packets.feed(&bytes(lines));
    let mut decoder = ReportDecoder::new(SideBand::None, report);
    let mut events = Vec::new();
    while let Some(packet) = packets.next_packet()? {
        events.extend(decoder.packet(&packet)?);
    }
    Ok((decoder, events))
}

fn band(band: u8, bytes: &[u8]) -> Packet {
    Packet::Data([&[band], bytes].concat().into())
}

fn ok(name: &str) -> ReportEvent {
    ReportEvent::Ok {
        name: RefName::new(name).unwrap(),
        options: OkOptions::default(),
    }
}

fn ng(name: &str, reason: &str) -> ReportEvent {
    ReportEvent::Ng {
        name: RefName::new(name).unwrap(),
        reason: reason.into(),
    }
}

const REPORT: &[&str] = &[
    "unpack ok",
    "ok refs/heads/a",
    "ng refs/heads/b non-fast-forward or so",
    "ok refs/tags/c",
    "0000",
];

fn expected() -> Vec<ReportEvent> {
    vec![
        ReportEvent::Unpack(Ok(())),
        ok("refs/heads/a"),
        ng("refs/heads/b", "non-fast-forward or so"),
        ok("refs/tags/c"),
        ReportEvent::End,
    ]
}

#[test]
fn a_plain_report_ends_with_its_flush_packet() {
    for report in [ReportVersion::V1, ReportVersion::V2] {
        let (decoder, events) = plain(report, REPORT).unwrap();
        assert_eq!(events, expected());
        assert_eq!(decoder.finish(), Ok(()));
    }
}

#[test]
fn a_report_in_the_side_band_is_cut_anywhere() {
    let report = bytes(REPORT);
    for size in [1, 3, 7, 64, 1000] {
        let mut decoder = ReportDecoder::new(SideBand::Large, ReportVersion::V2);
        let mut events = decoder.packet(&band(2, b"Resolving deltas\r")).unwrap();
        for piece in report.chunks(size) {
            events.extend(decoder.packet(&band(1, piece)).unwrap());
            events.extend(decoder.packet(&band(1, b"")).unwrap());
        }
        events.extend(decoder.packet(&band(2, b"post-receive says hello\n")).unwrap());
        events.extend(decoder.packet(&Packet::Flush).unwrap());
        let messages: Vec<_> = events
            .extract_if(.., |event| matches!(event, ReportEvent::Remote(_)))
            .collect();
        assert_eq!(messages.len(), 2);
        assert_eq!(events, expected(), "in pieces of {size}");
        assert_eq!(decoder.finish(), Ok(()));
    }
}

#[test]
fn options_belong_to_the_line_before_them() {
    let old = format!("option old-oid {ID}");
    let new = format!("option new-oid {}", ID.replace('1', "2"));
    let lines = [
        "unpack ok",
        "ok refs/for/main",
        "option refname refs/changes/1",
        &old,
        &new,
        "option forced-update",
        "option later unknown",
        "ok refs/for/main",
        "option refname refs/changes/2",
        "ng refs/heads/b no",
        "option refname refs/heads/x",
        "0000",
    ];
    let (_, events) = plain(ReportVersion::V2, &lines).unwrap();
    let first = OkOptions {
        refname: Some(RefName::new("refs/changes/1").unwrap()),
        old_oid: Some(parse_oid(ID.as_bytes()).unwrap()),
        new_oid: Some(parse_oid(&[b'2'; 40]).unwrap()),
        forced_update: true,
    };
    let second = OkOptions {
        refname: Some(RefName::new("refs/changes/2").unwrap()),
        ..OkOptions::default()
    };
    let name = RefName::new("refs/for/main").unwrap();
    let expected = [
        ReportEvent::Unpack(Ok(())),
        ReportEvent::Ok {
            name: name.clone(),
            options: first,
        },
        ReportEvent::Ok {
            name,
            options: second,
        },
        ng("refs/heads/b", "no"),
        ReportEvent::End,
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_pack_that_was_not_taken_says_why() {
    let (_, events) = plain(
        ReportVersion::V1,
        &["unpack index-pack failed", "ng refs/heads/a", "0000"],
    )
    .unwrap();
    let unpack = ReportEvent::Unpack(Err("index-pack failed".into()));
    assert_eq!(events, [unpack, ng("refs/heads/a", ""), ReportEvent::End]);
}

#[test]
fn a_status_of_what_cannot_be_a_reference_is_left_out() {
    let lines = [
        "unpack ok",
        "ok refs/heads/a..b",
        "option forced-update",
        "ng x no",
        "ok refs/heads/a",
        "0000",
    ];
    let (_, events) = plain(ReportVersion::V2, &lines).unwrap();
    assert_eq!(
        events,
        [ReportEvent::Unpack(Ok(())), ok("refs/heads/a"), ReportEvent::End]
    );
}

#[test]
fn a_report_without_its_flush_packet_is_not_whole() {
    let ended = Err(ProtocolError::Ended { during: "the report" });
    for lines in [&[][..], &["unpack ok"], &["unpack ok", "ok refs/heads/a"]] {
        assert_eq!(
            plain(ReportVersion::V1, lines).unwrap().0.finish(),
            ended,
            "{lines:?}"
        );
        let mut decoder = ReportDecoder::new(SideBand::Large, ReportVersion::V1);
        decoder.packet(&band(1, &bytes(lines))).unwrap();
        assert_eq!(decoder.finish(), ended);
        assert_eq!(
            decoder.packet(&Packet::Flush).map(|_| ()),
            ended,
            "the flush packet of the side-band is another"
        );
    }
    let mut decoder = ReportDecoder::new(SideBand::Large, ReportVersion::V1);
    let mut cut = bytes(REPORT);
    cut.truncate(cut.len() - 1);
    decoder.packet(&band(1, &cut)).unwrap();
    assert_eq!(decoder.finish(), ended);
}

#[test]
fn a_whole_report_counts_without_the_flush_packet_of_the_side_band() {
    let mut decoder = ReportDecoder::new(SideBand::Large, ReportVersion::V2);
    let events = decoder.packet(&band(1, &bytes(REPORT))).unwrap();
    assert_eq!(events, expected()[..4]);
    assert!(!decoder.is_done());
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn without_a_report_there_may_still_be_messages() {
    let mut decoder = ReportDecoder::new(SideBand::Large, ReportVersion::None);
    decoder.packet(&band(2, b"hello")).unwrap();
    assert!(
        decoder.finish().is_err(),
        "the end of the messages is the only sign"
    );
    assert_eq!(decoder.packet(&Packet::Flush), Ok(vec![ReportEvent::End]));
    let nothing = ReportDecoder::new(SideBand::None, ReportVersion::None);
    assert!(nothing.is_done() && nothing.finish().is_ok());
}

#[test]
fn whatever_does_not_belong_is_refused() {
    for lines in [
        &["0000"][..],
        &["ok refs/heads/a"],
        &["unpack ok", "maybe refs/heads/a"],
        &["unpack ok", "unpack ok"],
    ] {
        let error = plain(ReportVersion::V2, lines).unwrap_err();
        assert!(matches!(error, ProtocolError::Unexpected { .. }), "{lines:?}");
    }
    let lines = [REPORT, &["ok refs/heads/a"]].concat();
    assert!(plain(ReportVersion::V2, &lines).is_err());
    let mut decoder = ReportDecoder::new(SideBand::Large, ReportVersion::V2);
    assert_eq!(
        decoder.packet(&band(3, b"fatal: gone\n")),
        Err(ProtocolError::Remote("fatal: gone".into()))
    );
    let mut decoder = ReportDecoder::new(SideBand::Large, ReportVersion::V2);
    let error = decoder.packet(&band(1, b"<html>")).unwrap_err();
    assert!(matches!(error, ProtocolError::Packet(_)));
}

#[test]
fn a_report_has_an_end() {
    let mut decoder = ReportDecoder::new(SideBand::None, ReportVersion::V1);
    decoder.packet(&Packet::Data("unpack ok".into())).unwrap();
    let line = Packet::Data("ng refs/heads/a no".into());
    let error = (0..=MAX_LINES).find_map(|_| decoder.packet(&line).err());
    assert_eq!(
        error,
        Some(ProtocolError::Limit {
            what: "lines of a report",
            limit: MAX_LINES
        })
    );
}
