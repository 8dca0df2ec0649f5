//! What the text lines of all exchanges have in common.

use bstr::{BStr, ByteSlice};

use crate::error::ProtocolError;
use crate::oid::{ObjectFormat, Oid, parse_oid};
use crate::pktline::Packet;

/// The text of a data packet. Anything else is not what was expected, and `ERR ` ends the conversation everywhere.
pub(crate) fn text<'a>(packet: &'a Packet, expected: &'static str) -> Result<&'a [u8], ProtocolError> {
    let Some(line) = packet.line() else {
        return Err(ProtocolError::unexpected(expected, special_name(packet)));
    };
    match line.strip_prefix(b"ERR ") {
        Some(explanation) => Err(ProtocolError::remote(explanation)),
        None => Ok(line),
    }
}

/// The four bytes of a special packet, for messages.
fn special_name(packet: &Packet) -> &'static [u8] {
    match packet {
        Packet::Data(_) => b"data",
        Packet::Flush => b"0000",
        Packet::Delimiter => b"0001",
        Packet::ResponseEnd => b"0002",
    }
}

/// An object id of the agreed format that fills `hex`.
pub(crate) fn object_id(hex: &[u8], format: ObjectFormat) -> Result<Oid, ProtocolError> {
    let id = parse_oid(hex).map_err(|_| ProtocolError::unexpected("an object id", hex))?;
    let found = ObjectFormat::of(&id);
    if found == format {
        Ok(id)
    } else {
        Err(ProtocolError::ObjectFormat {
            expected: format,
            found,
        })
    }
}

/// Cuts `line` at its first space, if it has one.
pub(crate) fn split_word(line: &[u8]) -> Option<(&[u8], &[u8])> {
    line.split_once_str(" ")
}

/// An agent's name as a capability may carry it: printable ASCII without spaces (gitprotocol-v2(5)), at most 256 bytes.
pub(crate) fn agent_value(agent: &str) -> String {
    agent
        .chars()
        .take(256)
        .map(|c| if c.is_ascii_graphic() { c } else { '.' })
        .collect()
}

/// A copy of a refused name that is short enough to keep.
pub(crate) fn bounded_name(name: &[u8]) -> bstr::BString {
    BStr::new(&name[..name.len().min(crate::RefName::MAX_LEN)]).to_owned()
}

/// Counts what a peer sends and stops at a limit.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    what: &'static str,
    limit: u64,
    count: u64,
}

impl Counter {
    pub(crate) fn new(what: &'static str, limit: u64) -> Self {
        Self {
            what,
            limit,
            count: 0,
        }
    }

    pub(crate) fn add(&mut self) -> Result<(), ProtocolError> {
        if self.count == self.limit {
            return Err(ProtocolError::Limit {
                what: self.what,
                limit: self.limit,
            });
        }
        self.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_packet_is_found_in_every_text() {
        let packet = Packet::Data("ERR access denied\n".into());
        assert_eq!(
            text(&packet, "a line"),
            Err(ProtocolError::Remote("access denied".into()))
        );
        assert_eq!(
            text(&Packet::Delimiter, "a line"),
            Err(ProtocolError::Unexpected {
                expected: "a line",
                found: "0001".into()
            })
        );
    }

    #[test]
    fn an_id_of_the_other_format_is_named_so() {
        let id = b"ab".repeat(32);
        assert!(object_id(&id, ObjectFormat::Sha256).is_ok());
        assert_eq!(
            object_id(&id, ObjectFormat::Sha1),
            Err(ProtocolError::ObjectFormat {
                expected: ObjectFormat::Sha1,
                found: ObjectFormat::Sha256
            })
        );
    }

    #[test]
    fn an_agent_cannot_break_out_of_its_capability() {
        assert_eq!(agent_value("refsync/1 \n\u{e4}atomic"), "refsync/1...atomic");
        assert_eq!(agent_value(&"x".repeat(1000)).len(), 256);
    }

    #[test]
    fn a_counter_stops_after_its_limit() {
        let mut counter = Counter::new("lines", 2);
        assert!(counter.add().is_ok() && counter.add().is_ok());
        assert_eq!(
            counter.add(),
            Err(ProtocolError::Limit {
                what: "lines",
                limit: 2
            })
        );
    }
}
