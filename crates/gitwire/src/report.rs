//! What a receive-pack answers to a push: gitprotocol-pack(5) "Report Status".

use bstr::{BString, ByteSlice};
use bytes::Bytes;

use crate::error::ProtocolError;
use crate::line::{self, Counter, split_word};
use crate::oid::{Oid, parse_oid};
use crate::pktline::{Decoder, Packet};
use crate::refname::RefName;
use crate::sideband::{Band, SideBand, demux};

/// The most lines of one report: at most 2,000 commands with a few options each are sent at once.
const MAX_LINES: u64 = 1 << 16;

/// Which report was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ReportVersion {
    /// None: what happened shows only in a new listing.
    #[default]
    None,
    /// `report-status`.
    V1,
    /// `report-status-v2`: what was done may differ from what was asked, and then says so.
    V2,
}

impl ReportVersion {
    /// The capability that asks for it.
    pub fn capability(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::V1 => Some("report-status"),
            Self::V2 => Some("report-status-v2"),
        }
    }
}

/// What a receiver did instead of what it was asked, in the words of its `proc-receive` hook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OkOptions {
    /// The reference that was written.
    pub refname: Option<RefName>,
    /// Its old value.
    pub old_oid: Option<Oid>,
    /// Its new value.
    pub new_oid: Option<Oid>,
    /// Whether it was rewritten.
    pub forced_update: bool,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportEvent {
    /// Bytes of messages for people, cut anywhere.
    Remote(Bytes),
    /// Whether the pack was taken, and if not, why.
    Unpack(Result<(), BString>),
    /// A command was executed. The same name may come several times, with different options.
    Ok {
        /// The reference of the command.
        name: RefName,
        /// What was done instead. Empty if it was done as asked.
        options: OkOptions,
    },
    /// A command was refused.
    Ng {
        /// The reference of the command.
        name: RefName,
        /// Why, as sent.
        reason: BString,
    },
    /// The end of the answer.
    End,
}

/// Where in the report itself the decoder is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// No report was asked for.
    NotAsked,
    /// Before the line about the pack.
    Unpack,
    Statuses,
    /// After a status whose options may follow.
    Options {
        name: RefName,
        options: OkOptions,
    },
    /// After the flush packet of the report.
    Reported,
}

/// Reads the answer to a push. A report in a side-band is itself packet lines, cut anywhere.
#[derive(Debug)]
pub struct ReportDecoder {
    side_band: SideBand,
    state: State,
    inner: Decoder,
    lines: Counter,
    ended: bool,
}

impl ReportDecoder {
    /// A decoder for the answer to a push that asked for this side-band and this report.
    pub fn new(side_band: SideBand, report: ReportVersion) -> Self {
        let state = if report == ReportVersion::None {
            State::NotAsked
        } else {
            State::Unpack
        };
        Self {
            side_band,
            // Without side-band and report there is no answer at all.
            ended: side_band == SideBand::None && state == State::NotAsked,
            state,
            inner: Decoder::new(),
            lines: Counter::new("lines of a report", MAX_LINES),
        }
    }

    /// Reads one packet. The last event of the last packet is [`ReportEvent::End`]; after it every packet is an error.
    pub fn packet(&mut self, packet: &Packet) -> Result<Vec<ReportEvent>, ProtocolError> {
        let mut events = Vec::new();
        if self.ended {
            return Err(ProtocolError::unexpected(
                "the end of the report",
                packet.line().unwrap_or(b"0000"),
            ));
        }
        match (self.side_band, packet) {
            (SideBand::None, _) => {
                self.report_packet(packet, &mut events)?;
                self.ended = self.state == State::Reported;
            }
            (_, Packet::Flush) => {
                let reported = matches!(self.state, State::NotAsked | State::Reported);
                self.ended = reported && self.inner.is_empty();
                if !self.ended {
                    return Err(CUT);
                }
            }
            _ => self.band(packet, &mut events)?,
        }
        if self.ended {
            events.push(ReportEvent::End);
        }
        Ok(events)
    }

    fn band(&mut self, packet: &Packet, events: &mut Vec<ReportEvent>) -> Result<(), ProtocolError> {
        match demux(packet)? {
            Band::Error(text) => return Err(ProtocolError::remote(&text)),
            Band::Progress(bytes) if bytes.is_empty() => {}
            Band::Progress(bytes) => events.push(ReportEvent::Remote(bytes)),
            Band::Data(bytes) => {
                self.inner.feed(&bytes);
                while let Some(packet) = self.inner.next_packet()? {
                    self.report_packet(&packet, events)?;
                }
            }
        }
        Ok(())
    }

    fn report_packet(&mut self, packet: &Packet, events: &mut Vec<ReportEvent>) -> Result<(), ProtocolError> {
        self.lines.add()?;
        if *packet != Packet::Flush {
            return self.line(line::text(packet, "a line of the report")?, events);
        }
        match std::mem::replace(&mut self.state, State::Reported) {
            State::Unpack => return Err(ProtocolError::unexpected("whether the pack was taken", b"0000")),
            State::Options { name, options } => events.push(ReportEvent::Ok { name, options }),
            State::Statuses => {}
            State::NotAsked | State::Reported => {
                return Err(ProtocolError::unexpected("the end of the report", b"0000"));
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], events: &mut Vec<ReportEvent>) -> Result<(), ProtocolError> {
        let error = |expected| Err(ProtocolError::unexpected(expected, line));
        let (keyword, rest) = split_word(line).unwrap_or((line, b""));
        match (&mut self.state, keyword) {
            (State::Unpack, b"unpack") => {
                events.push(ReportEvent::Unpack(if rest == b"ok" {
                    Ok(())
                } else {
                    Err(rest.into())
                }));
                self.state = State::Statuses;
            }
            (State::Unpack, _) => return error("whether the pack was taken"),
            (State::NotAsked | State::Reported, _) => return error("the end of the report"),
            (State::Options { options, .. }, b"option") => options.add(rest),
            // It follows a refusal, or a name that is none of ours.
            (State::Statuses, b"option") => {}
            (_, b"ok" | b"ng") => self.status(keyword == b"ok", rest, events),
            _ => return error("the status of a command"),
        }
        Ok(())
    }

    fn status(&mut self, ok: bool, rest: &[u8], events: &mut Vec<ReportEvent>) {
        if let State::Options { name, options } = std::mem::replace(&mut self.state, State::Statuses) {
            events.push(ReportEvent::Ok { name, options });
        }
        let (name, reason) = split_word(rest).unwrap_or((rest, b""));
        // A name that cannot be a reference's answers no command that was sent.
        let Ok(name) = RefName::new(name) else { return };
        if ok {
            self.state = State::Options {
                name,
                options: OkOptions::default(),
            };
        } else {
            events.push(ReportEvent::Ng {
                name,
                reason: reason.into(),
            });
        }
    }

    /// Whether the answer has ended.
    pub fn is_done(&self) -> bool {
        self.ended
    }

    /// Checks that the stream did not end before the report did: a receiver can die with half of the commands applied.
    /// The report counts as whole when its own flush packet came, even if that of the side-band is missing.
    pub fn finish(&self) -> Result<(), ProtocolError> {
        let whole = self.ended || (self.state == State::Reported && self.inner.is_empty());
        if whole { Ok(()) } else { Err(CUT) }
    }
}

const CUT: ProtocolError = ProtocolError::Ended { during: "the report" };

impl OkOptions {
    /// Takes one option; what is not known or not readable is left out, as git does.
    fn add(&mut self, option: &[u8]) {
        let (key, value) = option.split_once_str(" ").unwrap_or((option, b""));
        match key {
            b"refname" => self.refname = RefName::new(value).ok(),
            b"old-oid" => self.old_oid = parse_oid(value).ok(),
            b"new-oid" => self.new_oid = parse_oid(value).ok(),
            b"forced-update" => self.forced_update = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
