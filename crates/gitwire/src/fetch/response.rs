//! What is answered.

use bytes::Bytes;

use crate::error::ProtocolError;
use crate::line::{self, Counter, object_id, split_word};
use crate::oid::{ObjectFormat, Oid};
use crate::pktline::Packet;
use crate::refname::RefName;
use crate::sideband::{Band, demux};

/// The most lines before the pack of one response.
const MAX_LINES: u64 = 1 << 20;

/// What one packet of a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchEvent {
    /// Nothing to act on: the border of a section, or a keepalive.
    Nothing,
    /// The server has this have. Evidence of nothing else: it leaves out haves whose children were named.
    Ack(Oid),
    /// The server has none of the haves.
    Nak,
    /// The server has enough: the pack follows in this response.
    Ready,
    /// A commit whose parents are not in the pack although they exist.
    Shallow(Oid),
    /// A commit that was shallow and is no longer.
    Unshallow(Oid),
    /// The value that a wanted reference has.
    WantedRef {
        /// Its name.
        name: RefName,
        /// Its value, to which the pack leads.
        id: Oid,
    },
    /// Bytes of the pack, at least one.
    Pack(Bytes),
    /// Bytes of messages for people, cut anywhere, at least one.
    Progress(Bytes),
    /// The end of a response that was a round of negotiation only.
    RoundEnd,
    /// The end of the pack.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first section, which must be there.
    Start,
    /// Between two sections.
    Header,
    Acknowledgments,
    ShallowInfo,
    WantedRefs,
    Pack,
    /// After a round without a pack.
    RoundEnded,
    Done,
}

/// Reads the answer to a [`FetchRequest`](super::FetchRequest).
#[derive(Debug, Clone)]
pub struct FetchDecoder {
    format: ObjectFormat,
    state: State,
    lines: Counter,
}

impl FetchDecoder {
    /// A decoder for one response with ids of this format.
    pub fn new(format: ObjectFormat) -> Self {
        Self {
            format,
            state: State::Start,
            lines: Counter::new("lines before the pack", MAX_LINES),
        }
    }

    /// Reads one packet. After [`FetchEvent::End`] and [`FetchEvent::RoundEnd`] every packet is an error: the response
    /// to the next request needs a new decoder.
    pub fn packet(&mut self, packet: &Packet) -> Result<FetchEvent, ProtocolError> {
        match (self.state, packet) {
            (State::Pack, Packet::Data(_)) => self.band(packet),
            (State::Pack, Packet::Flush) => {
                self.state = State::Done;
                Ok(FetchEvent::End)
            }
            (State::Acknowledgments, Packet::Flush) => {
                self.state = State::RoundEnded;
                Ok(FetchEvent::RoundEnd)
            }
            (State::Acknowledgments | State::ShallowInfo | State::WantedRefs, Packet::Delimiter) => {
                self.state = State::Header;
                Ok(FetchEvent::Nothing)
            }
            (state, _) => {
                let line = line::text(packet, expected(state))?;
                self.lines.add()?;
                self.line(line)
            }
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<FetchEvent, ProtocolError> {
        match self.state {
            State::Start | State::Header => self.section(line),
            State::Acknowledgments => self.acknowledgment(line),
            State::ShallowInfo => self.shallow(line),
            State::WantedRefs => self.wanted_ref(line),
            State::Pack | State::RoundEnded | State::Done => {
                Err(ProtocolError::unexpected(expected(self.state), line))
            }
        }
    }

    fn section(&mut self, line: &[u8]) -> Result<FetchEvent, ProtocolError> {
        self.state = match line {
            b"acknowledgments" if self.state == State::Start => State::Acknowledgments,
            b"shallow-info" => State::ShallowInfo,
            b"wanted-refs" => State::WantedRefs,
            b"packfile" => State::Pack,
            // `packfile-uris` among them: it was not asked for.
            _ => return Err(ProtocolError::unexpected(expected(self.state), line)),
        };
        Ok(FetchEvent::Nothing)
    }

    fn acknowledgment(&self, line: &[u8]) -> Result<FetchEvent, ProtocolError> {
        match (line, split_word(line)) {
            (b"NAK", _) => Ok(FetchEvent::Nak),
            (b"ready", _) => Ok(FetchEvent::Ready),
            (_, Some((b"ACK", id))) => object_id(id, self.format).map(FetchEvent::Ack),
            _ => Err(ProtocolError::unexpected(expected(self.state), line)),
        }
    }

    fn shallow(&self, line: &[u8]) -> Result<FetchEvent, ProtocolError> {
        match split_word(line) {
            Some((b"shallow", id)) => object_id(id, self.format).map(FetchEvent::Shallow),
            Some((b"unshallow", id)) => object_id(id, self.format).map(FetchEvent::Unshallow),
            _ => Err(ProtocolError::unexpected(expected(self.state), line)),
        }
    }

    fn wanted_ref(&self, line: &[u8]) -> Result<FetchEvent, ProtocolError> {
        let error = || ProtocolError::unexpected(expected(self.state), line);
        let (id, name) = split_word(line).ok_or_else(error)?;
        let name = RefName::new(name).map_err(|_| error())?;
        Ok(FetchEvent::WantedRef {
            name,
            id: object_id(id, self.format)?,
        })
    }

    fn band(&self, packet: &Packet) -> Result<FetchEvent, ProtocolError> {
        Ok(match demux(packet)? {
            Band::Error(text) => return Err(ProtocolError::remote(&text)),
            Band::Data(bytes) | Band::Progress(bytes) if bytes.is_empty() => FetchEvent::Nothing,
            Band::Data(bytes) => FetchEvent::Pack(bytes),
            Band::Progress(bytes) => FetchEvent::Progress(bytes),
        })
    }

    /// Whether the response has ended, with a pack or without.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::RoundEnded | State::Done)
    }

    /// Checks that the stream did not end before the response did.
    pub fn finish(&self) -> Result<(), ProtocolError> {
        match self.state {
            State::RoundEnded | State::Done => Ok(()),
            State::Pack => Err(ProtocolError::Ended { during: "the pack" }),
            _ => Err(ProtocolError::Ended {
                during: "the negotiation",
            }),
        }
    }
}

fn expected(state: State) -> &'static str {
    match state {
        State::Start | State::Header => "a section of the fetch response",
        State::Acknowledgments => "an acknowledgment",
        State::ShallowInfo => "a shallow commit",
        State::WantedRefs => "a wanted reference",
        State::Pack => "a packet of the pack",
        State::RoundEnded | State::Done => "the end of the fetch response",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1111111111111111111111111111111111111111";

    /// Feeds lines; `0000` and `0001` are the special packets.
    fn read(lines: &[&str]) -> Result<(FetchDecoder, Vec<FetchEvent>), ProtocolError> {
        let mut decoder = FetchDecoder::new(ObjectFormat::Sha1);
        let mut events = Vec::new();
        for line in lines {
            let packet = match *line {
                "0000" => Packet::Flush,
                "0001" => Packet::Delimiter,
                line => Packet::Data(line.to_owned().into()),
            };
            events.push(decoder.packet(&packet)?);
        }
        events.retain(|event| *event != FetchEvent::Nothing);
        Ok((decoder, events))
    }

    fn id() -> Oid {
        crate::parse_oid(ID.as_bytes()).unwrap()
    }

    #[test]
    fn a_pack_comes_in_the_side_band() {
        let (decoder, events) = read(&[
            "packfile\n",
            "\x02Counting\r",
            "\x01",
            "\x01PACK",
            "\x02",
            "\x01rest",
            "0000",
        ])
        .unwrap();
        let expected = [
            FetchEvent::Progress("Counting\r".into()),
            FetchEvent::Pack("PACK".into()),
            FetchEvent::Pack("rest".into()),
            FetchEvent::End,
        ];
        assert_eq!(events, expected);
        assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn a_round_without_a_pack_ends_in_a_flush_packet() {
        let (decoder, events) = read(&["acknowledgments\n", "NAK\n", "0000"]).unwrap();
        assert_eq!(events, [FetchEvent::Nak, FetchEvent::RoundEnd]);
        assert!(decoder.is_done());
        assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn a_server_that_is_ready_sends_the_pack_in_the_same_response() {
        let ack = format!("ACK {ID}\n");
        let (shallow, unshallow) = (format!("shallow {ID}"), format!("unshallow {ID}"));
        let wanted = format!("{ID} refs/heads/main");
        let (_, events) = read(&[
            "acknowledgments\n",
            &ack,
            "ready\n",
            "0001",
            "shallow-info\n",
            &shallow,
            &unshallow,
            "0001",
            "wanted-refs\n",
            &wanted,
            "0001",
            "packfile\n",
            "\x01x",
            "0000",
        ])
        .unwrap();
        let expected = [
            FetchEvent::Ack(id()),
            FetchEvent::Ready,
            FetchEvent::Shallow(id()),
            FetchEvent::Unshallow(id()),
            FetchEvent::WantedRef {
                name: RefName::new("refs/heads/main").unwrap(),
                id: id(),
            },
            FetchEvent::Pack("x".into()),
            FetchEvent::End,
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn a_cut_response_is_not_whole() {
        for (lines, during) in [
            (&[][..], "the negotiation"),
            (&["acknowledgments"], "the negotiation"),
            (&["acknowledgments", "ready", "0001"], "the negotiation"),
            (&["packfile", "\x01PACK"], "the pack"),
        ] {
            assert_eq!(
                read(lines).unwrap().0.finish(),
                Err(ProtocolError::Ended { during }),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn the_last_words_of_a_server_are_an_error() {
        let remote = |text: &str| Err(ProtocolError::Remote(text.into()));
        assert_eq!(
            read(&["ERR upload-pack: not our ref\n"]).map(|_| ()),
            remote("upload-pack: not our ref")
        );
        assert_eq!(
            read(&["packfile", "\x03pack-objects died\n"]).map(|_| ()),
            remote("pack-objects died")
        );
        assert_eq!(read(&["packfile", "ERR gone"]).map(|_| ()), remote("gone"));
    }

    #[test]
    fn whatever_does_not_belong_is_refused() {
        let bad_wanted = format!("{ID} refs/heads/a..b");
        for lines in [
            &["0000"][..],
            &["NAK"],
            &["packfile-uris"],
            &["shallow-info", "0001", "acknowledgments"],
            &["shallow-info", "0000"],
            &["acknowledgments", "NOK"],
            &["acknowledgments", "ACK 123"],
            &["acknowledgments", "ready", "0001", "0000"],
            &["wanted-refs", &bad_wanted],
            &["packfile", "PACK"],
            &["packfile", "0001"],
            &["packfile", "0000", "0000"],
            &["acknowledgments", "0000", "packfile"],
        ] {
            assert!(
                matches!(read(lines), Err(ProtocolError::Unexpected { .. })),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn negotiation_has_an_end() {
        let mut decoder = FetchDecoder::new(ObjectFormat::Sha1);
        decoder.packet(&Packet::Data("acknowledgments".into())).unwrap();
        let nak = Packet::Data("NAK".into());
        let result = (0..=MAX_LINES).find_map(|_| decoder.packet(&nak).err());
        assert_eq!(
            result,
            Some(ProtocolError::Limit {
                what: "lines before the pack",
                limit: MAX_LINES
            })
        );
    }
}
