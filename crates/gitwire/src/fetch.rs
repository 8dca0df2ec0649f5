//! The command `fetch` of gitprotocol-v2(5): negotiate, then receive a pack.

use bytes::Bytes;

use crate::error::ProtocolError;
use crate::line::{self, Counter, object_id, split_word};
use crate::ls_refs::write_command;
use crate::oid::{ObjectFormat, Oid};
use crate::pktline::{Packet, write_data, write_flush, write_line};
use crate::refname::RefName;
use crate::sideband::{Band, demux};

/// The most bytes of one request: git-http-backend(1) stops reading at 10 MiB.
pub const MAX_REQUEST: usize = 8 << 20;

/// The most lines before the pack of one response.
const MAX_LINES: u64 = 1 << 20;

/// A request for a pack, or one round of the negotiation for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FetchRequest<'a> {
    /// The objects to send, with all they reach.
    pub wants: &'a [Oid],
    /// Objects that the receiver has, with all they reach.
    pub haves: &'a [Oid],
    /// Send the pack now, whatever was found to be common.
    pub done: bool,
    /// Deltas may build on objects that are not in the pack.
    pub thin_pack: bool,
    /// Deltas may name their base by its place in the pack.
    pub ofs_delta: bool,
    /// Send no messages about progress.
    pub no_progress: bool,
    /// Send annotated tags of what is sent along.
    pub include_tag: bool,
    /// Commits whose parents the receiver lacks. Only if the server has the feature `shallow`.
    pub shallow: &'a [Oid],
    /// Cut the history at this many commits. Only if the server has the feature `shallow`.
    pub deepen: Option<u32>,
    /// Leave out objects, such as `blob:none`. Only if the server has the feature `filter`.
    pub filter: Option<&'a str>,
    /// References whose values the server itself looks up. Only if it has the feature `ref-in-want`.
    pub want_refs: &'a [RefName],
    /// Never start to send before `done`. Only if the server has the feature `wait-for-done`.
    pub wait_for_done: bool,
    /// The format of the repository.
    pub object_format: ObjectFormat,
    /// Whether to send the format where it is sha1: only to servers that have the capability.
    pub send_object_format: bool,
    /// The name of this program: only for servers that have the capability.
    pub agent: Option<&'a str>,
}

impl FetchRequest<'_> {
    /// The request's bytes. The caller keeps them below [`MAX_REQUEST`].
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_command(
            &mut out,
            "fetch",
            self.agent,
            self.object_format,
            self.send_object_format,
        );
        let flags = [
            (self.thin_pack, "thin-pack"),
            (self.no_progress, "no-progress"),
            (self.include_tag, "include-tag"),
            (self.ofs_delta, "ofs-delta"),
            (self.wait_for_done, "wait-for-done"),
        ];
        for (_, argument) in flags.iter().filter(|(set, _)| *set) {
            write_line(&mut out, argument);
        }
        write_ids(&mut out, "shallow", self.shallow);
        if let Some(depth) = self.deepen {
            write_line(&mut out, &format!("deepen {depth}"));
        }
        if let Some(filter) = self.filter {
            write_line(&mut out, &format!("filter {filter}"));
        }
        write_ids(&mut out, "want", self.wants);
        for name in self.want_refs {
            write_data(&mut out, &[b"want-ref ", name.as_bytes(), b"\n"].concat());
        }
        write_ids(&mut out, "have", self.haves);
        if self.done {
            write_line(&mut out, "done");
        }
        write_flush(&mut out);
        out
    }

    /// The bytes that one want or one have adds to a request.
    pub fn encoded_len_per_oid(format: ObjectFormat) -> usize {
        "0000want \n".len() + format.hex_len()
    }
}

/// One line for each id: `want <id>`.
pub(crate) fn write_ids(out: &mut Vec<u8>, keyword: &str, ids: &[Oid]) {
    for id in ids {
        write_line(out, &format!("{keyword} {id}"));
    }
}

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

/// Reads the answer to a [`FetchRequest`].
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
