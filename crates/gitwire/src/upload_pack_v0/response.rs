//! What is answered.

use bytes::Bytes;

use super::request::{AckMode, V0Capabilities};
use crate::error::ProtocolError;
use crate::line::{self, Counter, object_id, split_word};
use crate::oid::{ObjectFormat, Oid};
use crate::pktline::Packet;
use crate::sideband::{Band, SideBand, demux};

/// The most lines before the pack of one response.
const MAX_LINES: u64 = 1 << 20;

/// What an acknowledgment means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckStatus {
    /// No status: the negotiation is over, or in [`AckMode::Single`] one common object is found.
    Final,
    /// `continue`.
    Continue,
    /// `common`.
    Common,
    /// `ready`: the server has enough.
    Ready,
}

/// What one packet of a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum V0Event {
    /// Nothing to act on: the end of the shallow commits, or a keepalive.
    Nothing,
    /// The server has, or claims to have, this have.
    Ack {
        /// The have.
        id: Oid,
        /// What follows from it.
        status: AckStatus,
    },
    /// No common object, or the end of a round: see [`V0Decoder::round_is_over`].
    Nak,
    /// A commit whose parents are not in the pack although they exist.
    Shallow(Oid),
    /// A commit that was shallow and is no longer.
    Unshallow(Oid),
    /// Bytes of the pack, at least one. Only with side-band.
    Pack(Bytes),
    /// Bytes of messages for people, cut anywhere, at least one. Only with side-band.
    Progress(Bytes),
    /// The end of the pack. Only with side-band; without it the pack ends with the stream.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before any acknowledgment, where shallow commits may come.
    Start,
    Acknowledgments,
    Pack,
    Done,
}

/// Reads what a server answers to wants and haves: over HTTP one decoder for each response, on a connection that keeps
/// its state one for all rounds, told of each by [`Self::flush_sent`] and [`Self::done_sent`].
#[derive(Debug, Clone)]
pub struct V0Decoder {
    ack: AckMode,
    side_band: SideBand,
    no_done: bool,
    format: ObjectFormat,
    state: State,
    /// Flush packets after haves that were not answered yet.
    open_rounds: u32,
    done_sent: bool,
    /// The server said `ready`, after which it need not wait for `done`.
    ready: bool,
    /// The server acknowledged without a status, after which it says no more before the pack.
    acknowledged: bool,
    lines: Counter,
}

impl V0Decoder {
    /// A decoder for the answer to a request whose haves ended in `done`, or else in one flush packet.
    pub fn new(chosen: &V0Capabilities, sent_done: bool) -> Self {
        Self {
            ack: chosen.ack,
            side_band: chosen.side_band,
            no_done: chosen.no_done,
            format: chosen.object_format,
            state: State::Start,
            open_rounds: u32::from(!sent_done),
            done_sent: sent_done,
            ready: false,
            acknowledged: false,
            lines: Counter::new("lines before the pack", MAX_LINES),
        }
    }

    /// Tells that another round of haves was sent on the same connection.
    pub fn flush_sent(&mut self) {
        // After an acknowledgment without a status flush packets are not answered.
        self.open_rounds += u32::from(!self.acknowledged);
    }

    /// Tells that `done` was sent on the same connection.
    pub fn done_sent(&mut self) {
        self.done_sent = true;
        if self.acknowledged {
            self.state = State::Pack;
        }
    }

    /// Whether all rounds so far are answered: the next step is the caller's.
    pub fn round_is_over(&self) -> bool {
        self.open_rounds == 0 && !self.done_sent && !self.in_pack() && (!self.no_done || !self.ready)
    }

    /// Whether the negotiation is over. With side-band the packets go on here; without it the rest of the stream is
    /// the pack as it is ([`crate::pktline::Decoder::into_rest`]).
    pub fn in_pack(&self) -> bool {
        matches!(self.state, State::Pack | State::Done)
    }

    /// Whether the pack has ended, which shows only with side-band.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads one packet.
    pub fn packet(&mut self, packet: &Packet) -> Result<V0Event, ProtocolError> {
        match (self.state, packet) {
            (State::Pack, Packet::Flush) if self.side_band != SideBand::None => {
                self.state = State::Done;
                Ok(V0Event::End)
            }
            (State::Pack, _) if self.side_band != SideBand::None => band(packet),
            (State::Pack | State::Done, _) => Err(ProtocolError::unexpected(
                "no packet line",
                packet.line().unwrap_or(b"0000"),
            )),
            (State::Start, Packet::Flush) => {
                self.state = State::Acknowledgments;
                Ok(V0Event::Nothing)
            }
            (State::Start | State::Acknowledgments, _) => self.line(line::text(packet, "an acknowledgment")?),
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<V0Event, ProtocolError> {
        self.lines.add()?;
        match (line, split_word(line)) {
            (b"NAK", _) => Ok(self.nak()),
            (_, Some((b"ACK", rest))) => self.acknowledgment(rest),
            (_, Some((b"shallow", id))) if self.state == State::Start => {
                object_id(id, self.format).map(V0Event::Shallow)
            }
            (_, Some((b"unshallow", id))) if self.state == State::Start => {
                object_id(id, self.format).map(V0Event::Unshallow)
            }
            _ => Err(ProtocolError::unexpected("an acknowledgment", line)),
        }
    }

    fn nak(&mut self) -> V0Event {
        self.state = State::Acknowledgments;
        if self.open_rounds > 0 {
            self.open_rounds -= 1;
        } else if self.done_sent {
            self.state = State::Pack;
        }
        V0Event::Nak
    }

    fn acknowledgment(&mut self, rest: &[u8]) -> Result<V0Event, ProtocolError> {
        self.state = State::Acknowledgments;
        let (id, status) = split_word(rest).unwrap_or((rest, b""));
        let id = object_id(id, self.format)?;
        let status = match status {
            b"" => AckStatus::Final,
            b"continue" => AckStatus::Continue,
            b"common" => AckStatus::Common,
            b"ready" => AckStatus::Ready,
            _ => return Err(ProtocolError::unexpected("the status of an acknowledgment", rest)),
        };
        match status {
            AckStatus::Final => self.acknowledged_without_status(),
            AckStatus::Ready => self.ready = true,
            AckStatus::Continue | AckStatus::Common => {}
        }
        Ok(V0Event::Ack { id, status })
    }

    fn acknowledged_without_status(&mut self) {
        self.acknowledged = true;
        self.open_rounds = 0;
        let no_need_of_done = self.no_done && self.ready && self.ack == AckMode::Detailed;
        if self.done_sent || no_need_of_done {
            self.state = State::Pack;
        }
    }

    /// Checks that the stream did not end too early: it may end after a round that `done` did not follow, after a pack
    /// with side-band, and anywhere in a pack without it, whose own trailer tells the end.
    pub fn finish(&self) -> Result<(), ProtocolError> {
        match self.state {
            State::Done => Ok(()),
            State::Pack if self.side_band == SideBand::None => Ok(()),
            State::Pack => Err(ProtocolError::Ended { during: "the pack" }),
            _ if self.round_is_over() => Ok(()),
            _ => Err(ProtocolError::Ended {
                during: "the negotiation",
            }),
        }
    }
}

fn band(packet: &Packet) -> Result<V0Event, ProtocolError> {
    Ok(match demux(packet)? {
        Band::Error(text) => return Err(ProtocolError::remote(&text)),
        Band::Data(bytes) | Band::Progress(bytes) if bytes.is_empty() => V0Event::Nothing,
        Band::Data(bytes) => V0Event::Pack(bytes),
        Band::Progress(bytes) => V0Event::Progress(bytes),
    })
}

#[cfg(test)]
mod tests;
