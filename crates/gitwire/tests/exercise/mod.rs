//! Every decoder under any bytes: what the fuzzer, the property tests and the replay of recorded exchanges have in
//! common. An input is one or more bytes of options and then what a peer might send. Each function asserts what must
//! hold for every input, above all that the events do not depend on how the stream is cut, and returns how the
//! conversation ended.

mod packs;

use std::fmt::Debug;

use bytes::Bytes;
use gitwire::fetch::{FetchDecoder, FetchEvent};
use gitwire::greeting::{GreetingDecoder, GreetingEvent, Service, Version};
use gitwire::ls_refs::{LsRefsDecoder, LsRefsEvent};
use gitwire::message::{MAX_LINE, RemoteLine, RemoteLines, sanitize};
use gitwire::pktline::{
    Decoder, MAX_DATA_LEN, Packet, PacketError, write_data, write_delimiter, write_flush,
};
use gitwire::report::{ReportDecoder, ReportEvent, ReportVersion};
use gitwire::sideband::{Band, SideBand, demux};
use gitwire::upload_pack_v0::{AckMode, V0Capabilities, V0Decoder, V0Event};
use gitwire::{ObjectFormat, ProtocolError};

pub(crate) use packs::{pack_entries, parent_scan};

/// How a conversation ended: well, or why not.
pub(crate) type Outcome = Result<(), String>;

/// One exercise: an input in, its outcome out.
pub(crate) type Exercise = fn(&[u8]) -> Outcome;

/// All of them, by the names of their fuzz targets and of the folders of their seeds.
pub(crate) const TARGETS: [(&str, Exercise); 9] = [
    ("pktline", pktline),
    ("greeting", greeting),
    ("ls_refs", ls_refs),
    ("fetch", fetch),
    ("upload_pack_v0", upload_pack_v0),
    ("report", report),
    ("parent_scan", parent_scan),
    ("pack_entries", pack_entries),
    ("message", message),
];

fn text(error: impl std::error::Error) -> String {
    error.to_string()
}

/// The packets of a stream that arrives in pieces, and how it ends.
fn packets(stream: &[u8], piece: usize) -> (Vec<Packet>, Result<(), PacketError>) {
    let mut decoder = Decoder::new();
    let mut all = Vec::new();
    for bytes in stream.chunks(piece) {
        decoder.feed(bytes);
        loop {
            match decoder.next_packet() {
                Ok(Some(packet)) => all.push(packet),
                Ok(None) => break,
                Err(error) => return (all, Err(error)),
            }
        }
    }
    (all, decoder.finish())
}

/// Options: none. Stream: any.
pub(crate) fn pktline(stream: &[u8]) -> Outcome {
    let (whole, end) = packets(stream, usize::MAX);
    for piece in [1, 3, 1000] {
        assert_eq!(packets(stream, piece), (whole.clone(), end.clone()));
    }
    let mut written = Vec::new();
    for packet in &whole {
        match packet {
            Packet::Data(data) => {
                assert!(data.len() <= MAX_DATA_LEN);
                write_data(&mut written, data);
            }
            Packet::Flush => write_flush(&mut written),
            Packet::Delimiter => write_delimiter(&mut written),
            Packet::ResponseEnd => written.extend_from_slice(b"0002"),
        }
    }
    assert_eq!(packets(&written, usize::MAX), (whole, Ok(())));
    end.map_err(text)
}

/// Feeds packets until one is refused.
fn feed<E: Debug + PartialEq>(
    packets: &[Packet],
    mut decode: impl FnMut(&Packet) -> Result<E, ProtocolError>,
) -> (Vec<E>, Result<(), ProtocolError>) {
    let mut events = Vec::new();
    for packet in packets {
        match decode(packet) {
            Ok(event) => events.push(event),
            Err(error) => {
                // What an error says is for people: it must be printable whatever it quotes.
                assert!(!error.to_string().contains(char::is_control), "{error:?}");
                return (events, Err(error));
            }
        }
    }
    (events, Ok(()))
}

fn format(option: u8) -> ObjectFormat {
    if option & 1 == 0 {
        ObjectFormat::Sha1
    } else {
        ObjectFormat::Sha256
    }
}

/// Options: one byte, 1 for receive-pack. Stream: a greeting.
pub(crate) fn greeting(input: &[u8]) -> Outcome {
    let Some((&option, stream)) = input.split_first() else {
        return Err("no options".to_owned());
    };
    let service = if option & 1 == 0 {
        Service::UploadPack
    } else {
        Service::ReceivePack
    };
    let (packets, end) = packets(stream, usize::MAX);
    let mut decoder = GreetingDecoder::new(service);
    let (events, refused) = feed(&packets, |packet| decoder.packet(packet));
    assert_eq!(
        events
            .iter()
            .filter(|event| **event == GreetingEvent::End)
            .count(),
        usize::from(decoder.is_done())
    );
    assert!(decoder.version() < Version::V2 || service == Service::UploadPack);
    assert!(!decoder.is_done() || decoder.capabilities().object_format().is_ok());
    decoder.symrefs();
    refused
        .map_err(text)
        .and(end.map_err(text))
        .and(decoder.finish().map_err(text))
}

/// Options: one byte, 1 for sha256. Stream: a listing.
pub(crate) fn ls_refs(input: &[u8]) -> Outcome {
    let Some((&option, stream)) = input.split_first() else {
        return Err("no options".to_owned());
    };
    let (packets, end) = packets(stream, usize::MAX);
    let mut decoder = LsRefsDecoder::new(format(option));
    let (events, refused) = feed(&packets, |packet| decoder.packet(packet));
    assert_eq!(decoder.is_done(), events.last() == Some(&LsRefsEvent::End));
    for event in &events {
        if let LsRefsEvent::Ref(listed) = event {
            assert_eq!(ObjectFormat::of(&listed.id), format(option));
        }
    }
    refused
        .map_err(text)
        .and(end.map_err(text))
        .and(decoder.finish().map_err(text))
}

/// Options: one byte, 1 for sha256. Stream: one response.
pub(crate) fn fetch(input: &[u8]) -> Outcome {
    let Some((&option, stream)) = input.split_first() else {
        return Err("no options".to_owned());
    };
    let (packets, end) = packets(stream, usize::MAX);
    let mut decoder = FetchDecoder::new(format(option));
    let (events, refused) = feed(&packets, |packet| decoder.packet(packet));
    let ended = matches!(events.last(), Some(FetchEvent::End | FetchEvent::RoundEnd));
    assert_eq!(decoder.is_done(), ended);
    for event in &events {
        if let FetchEvent::Pack(bytes) | FetchEvent::Progress(bytes) = event {
            assert!(!bytes.is_empty());
        }
    }
    refused
        .map_err(text)
        .and(end.map_err(text))
        .and(decoder.finish().map_err(text))
}

/// Options: a byte of flags (the lowest two bits how haves are acknowledged, the next two the side-band, then
/// `no-done`, whether the request ended in `done`, whether `done` followed later, sha256), and a byte that tells how
/// many rounds were sent ahead. Stream: the responses.
pub(crate) fn upload_pack_v0(input: &[u8]) -> Outcome {
    let [flags, ahead, stream @ ..] = input else {
        return Err("no options".to_owned());
    };
    let chosen = V0Capabilities {
        ack: [AckMode::Detailed, AckMode::Multi, AckMode::Single][usize::from(flags & 3) % 3],
        side_band: side_band(flags >> 2),
        no_done: flags & 0x10 != 0,
        object_format: format(flags >> 7),
        ..V0Capabilities::default()
    };
    let mut decoder = V0Decoder::new(&chosen, flags & 0x20 != 0);
    for _ in 0..*ahead {
        decoder.flush_sent();
    }
    if flags & 0x40 != 0 {
        decoder.done_sent();
    }
    let (packets, end) = packets(stream, usize::MAX);
    let mut events = Vec::new();
    for packet in &packets {
        assert!(!decoder.round_is_over() || !decoder.in_pack());
        if decoder.in_pack() && chosen.side_band == SideBand::None {
            // The rest is the pack as it is.
            return decoder.finish().map_err(text);
        }
        events.push(decoder.packet(packet).map_err(text)?);
    }
    if decoder.in_pack() && chosen.side_band == SideBand::None {
        return decoder.finish().map_err(text);
    }
    assert_eq!(decoder.is_done(), events.last() == Some(&V0Event::End));
    end.map_err(text).and(decoder.finish().map_err(text))
}

fn side_band(option: u8) -> SideBand {
    [SideBand::Large, SideBand::None, SideBand::Small][usize::from(option & 3) % 3]
}

/// Options: a byte of flags (the lowest two bits the side-band, the next two the version). Stream: the answer to a push.
pub(crate) fn report(input: &[u8]) -> Outcome {
    let Some((&flags, stream)) = input.split_first() else {
        return Err("no options".to_owned());
    };
    let side_band = side_band(flags);
    let version =
        [ReportVersion::V2, ReportVersion::V1, ReportVersion::None][usize::from((flags >> 2) & 3) % 3];
    let (packets, end) = packets(stream, usize::MAX);
    let (whole, outcome) = reported(&packets, side_band, version);
    let (cut, cut_outcome) = reported(&cut_bands(&packets, side_band), side_band, version);
    // What an error quotes may be a packet of the side-band, which is cut here.
    let kind = |outcome: &Result<(), ProtocolError>| outcome.as_ref().err().map(std::mem::discriminant);
    assert_eq!(
        (cut, kind(&cut_outcome)),
        (whole, kind(&outcome)),
        "the report depends on how the side-band is cut"
    );
    outcome.map_err(text).and(end.map_err(text))
}

/// The events but the messages, and how the answer ended.
fn reported(
    packets: &[Packet],
    side_band: SideBand,
    version: ReportVersion,
) -> (Vec<ReportEvent>, Result<(), ProtocolError>) {
    let mut decoder = ReportDecoder::new(side_band, version);
    let mut events = Vec::new();
    let mut refused = Ok(());
    for packet in packets {
        match decoder.packet(packet) {
            Ok(more) => events.extend(more),
            Err(error) => {
                refused = Err(error);
                break;
            }
        }
    }
    events.retain(|event| !matches!(event, ReportEvent::Remote(_)));
    if refused.is_err() {
        // A packet that holds good lines and then a bad one hands out none of them, single bytes do.
        events.clear();
    }
    (events, refused.and(decoder.finish()))
}

/// The same answer with one byte in each packet of band 1.
fn cut_bands(packets: &[Packet], side_band: SideBand) -> Vec<Packet> {
    let mut all = Vec::new();
    for packet in packets {
        match demux(packet) {
            // A keepalive has no byte to cut and stays.
            Ok(Band::Data(data)) if side_band != SideBand::None && !data.is_empty() => {
                all.extend(
                    data.iter()
                        .map(|byte| Packet::Data(Bytes::copy_from_slice(&[1, *byte]))),
                );
            }
            _ => all.push(packet.clone()),
        }
    }
    all
}

/// Options: none. Stream: messages, cut anywhere.
pub(crate) fn message(stream: &[u8]) -> Outcome {
    let lines = |piece: usize| -> Vec<RemoteLine> {
        let mut lines = RemoteLines::new();
        let mut all: Vec<_> = stream.chunks(piece).flat_map(|bytes| lines.feed(bytes)).collect();
        all.extend(lines.finish());
        all
    };
    let whole = lines(usize::MAX);
    for line in &whole {
        assert!(!line.text.contains(char::is_control) && !line.text.is_empty());
        // A byte that is no UTF-8 becomes a character of three.
        assert!(line.text.len() <= 3 * MAX_LINE);
    }
    for piece in [1, 3, 1000] {
        assert_eq!(lines(piece), whole);
    }
    let clean = sanitize(stream);
    assert_eq!(sanitize(&clean), clean);
    Ok(())
}
