use super::*;

const ID: &str = "1111111111111111111111111111111111111111";

fn decoder_for(ack: AckMode, sent_done: bool) -> V0Decoder {
    let chosen = V0Capabilities {
        ack,
        side_band: SideBand::Large,
        ..Default::default()
    };
    V0Decoder::new(&chosen, sent_done)
}

/// Feeds lines; `0000` is the flush packet, and `{}` stands for an id.
fn feed(decoder: &mut V0Decoder, lines: &[&str]) -> Result<Vec<V0Event>, ProtocolError> {
    let mut events = Vec::new();
    for line in lines {
        let packet = match *line {
            "0000" => Packet::Flush,
            line => Packet::Data(line.replace("{}", ID).into()),
        };
        events.push(decoder.packet(&packet)?);
    }
    events.retain(|event| *event != V0Event::Nothing);
    Ok(events)
}

fn ack(status: AckStatus) -> V0Event {
    V0Event::Ack {
        id: crate::parse_oid(ID.as_bytes()).unwrap(),
        status,
    }
}

#[test]
fn a_clone_is_refused_its_haves_and_gets_the_pack() {
    let mut decoder = decoder_for(AckMode::Detailed, true);
    assert_eq!(feed(&mut decoder, &["NAK\n"]), Ok(vec![V0Event::Nak]));
    assert!(decoder.in_pack());
    let pack = ["\x02Counting", "\x01", "\x01PACK", "0000"];
    let expected = [
        V0Event::Progress("Counting".into()),
        V0Event::Pack("PACK".into()),
        V0Event::End,
    ];
    assert_eq!(feed(&mut decoder, &pack).unwrap(), expected);
    assert!(decoder.is_done());
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn detailed_rounds_over_one_connection_end_in_the_pack() {
    let mut decoder = decoder_for(AckMode::Detailed, false);
    assert!(!decoder.round_is_over());
    let round = feed(&mut decoder, &["ACK {} common", "NAK"]).unwrap();
    assert_eq!(round, [ack(AckStatus::Common), V0Event::Nak]);
    assert!(decoder.round_is_over() && decoder.finish().is_ok());
    decoder.flush_sent();
    assert!(!decoder.round_is_over());
    feed(&mut decoder, &["ACK {} common", "ACK {} ready", "NAK"]).unwrap();
    assert!(decoder.round_is_over(), "no-done was not asked for");
    decoder.done_sent();
    assert!(!decoder.in_pack());
    assert_eq!(feed(&mut decoder, &["ACK {}"]).unwrap(), [ack(AckStatus::Final)]);
    assert!(decoder.in_pack());
}

#[test]
fn rounds_that_were_sent_ahead_are_answered_before_done_is() {
    let mut decoder = decoder_for(AckMode::Multi, false);
    decoder.flush_sent();
    decoder.done_sent();
    feed(&mut decoder, &["NAK", "ACK {} continue", "NAK"]).unwrap();
    assert!(!decoder.in_pack(), "both answer a flush packet");
    feed(&mut decoder, &["NAK"]).unwrap();
    assert!(decoder.in_pack());
}

#[test]
fn a_server_that_need_not_wait_for_done_sends_the_pack_after_ready() {
    let chosen = V0Capabilities {
        ack: AckMode::Detailed,
        side_band: SideBand::Large,
        no_done: true,
        ..Default::default()
    };
    let mut decoder = V0Decoder::new(&chosen, false);
    feed(&mut decoder, &["ACK {} common", "NAK"]).unwrap();
    assert!(decoder.round_is_over());
    decoder.flush_sent();
    feed(&mut decoder, &["ACK {} ready", "NAK"]).unwrap();
    assert!(!decoder.round_is_over() && decoder.finish().is_err());
    feed(&mut decoder, &["ACK {}", "\x01PACK", "0000"]).unwrap();
    assert!(decoder.is_done());
}

#[test]
fn a_server_of_the_first_days_acknowledges_once() {
    let mut decoder = decoder_for(AckMode::Single, false);
    feed(&mut decoder, &["NAK"]).unwrap();
    decoder.flush_sent();
    feed(&mut decoder, &["ACK {}"]).unwrap();
    assert!(decoder.round_is_over() && !decoder.in_pack());
    decoder.flush_sent();
    assert!(decoder.round_is_over(), "the flush packet is not answered");
    decoder.done_sent();
    assert!(decoder.in_pack(), "nor is done");
}

#[test]
fn haves_and_done_at_once_are_answered_at_once() {
    for (mode, lines) in [
        (AckMode::Single, &["ACK {}"][..]),
        (AckMode::Multi, &["ACK {} continue", "ACK {}"]),
        (AckMode::Detailed, &["ACK {} common", "ACK {} ready", "ACK {}"]),
        (AckMode::Single, &["NAK"]),
    ] {
        let mut decoder = decoder_for(mode, true);
        feed(&mut decoder, lines).unwrap();
        assert!(decoder.in_pack(), "{mode:?}");
    }
}

#[test]
fn without_side_band_the_rest_is_no_packet() {
    let mut decoder = V0Decoder::new(&V0Capabilities::default(), true);
    feed(&mut decoder, &["NAK"]).unwrap();
    assert!(decoder.in_pack() && decoder.finish().is_ok());
    assert!(feed(&mut decoder, &["PACK"]).is_err());
}

#[test]
fn shallow_commits_come_before_acknowledgments() {
    let mut decoder = decoder_for(AckMode::Detailed, true);
    let events = feed(&mut decoder, &["shallow {}", "unshallow {}", "0000", "NAK"]).unwrap();
    assert!(matches!(
        events[..],
        [V0Event::Shallow(_), V0Event::Unshallow(_), V0Event::Nak]
    ));
    assert!(decoder.in_pack());
    let mut empty = decoder_for(AckMode::Detailed, true);
    feed(&mut empty, &["0000", "NAK"]).unwrap();
    assert!(empty.in_pack());
}

#[test]
fn a_cut_response_is_not_whole() {
    let ended = |during| Err(ProtocolError::Ended { during });
    assert_eq!(
        decoder_for(AckMode::Detailed, false).finish(),
        ended("the negotiation")
    );
    let mut decoder = decoder_for(AckMode::Detailed, true);
    feed(&mut decoder, &["ACK {} common"]).unwrap();
    assert_eq!(decoder.finish(), ended("the negotiation"));
    feed(&mut decoder, &["ACK {}", "\x01PACK"]).unwrap();
    assert_eq!(decoder.finish(), ended("the pack"));
}

#[test]
fn whatever_does_not_belong_is_refused() {
    for lines in [
        &["NOK"][..],
        &["ACK"],
        &["ACK 123"],
        &["ACK {} perhaps"],
        &["ACK {} common", "shallow {}"],
        &["ACK {} common", "0000"],
        &["0000", "0000"],
        &["NAK", "PACK"],
        &["NAK", "0000", "0000"],
    ] {
        let result = feed(&mut decoder_for(AckMode::Detailed, true), lines);
        assert!(
            matches!(result, Err(ProtocolError::Unexpected { .. })),
            "{lines:?}"
        );
    }
    let not_ours = feed(
        &mut decoder_for(AckMode::Detailed, true),
        &["ERR upload-pack: not our ref {}"],
    );
    assert_eq!(
        not_ours,
        Err(ProtocolError::Remote(
            format!("upload-pack: not our ref {ID}").into()
        ))
    );
    let fatal = feed(
        &mut decoder_for(AckMode::Detailed, true),
        &["NAK", "\x03out of memory"],
    );
    assert_eq!(fatal, Err(ProtocolError::Remote("out of memory".into())));
}
