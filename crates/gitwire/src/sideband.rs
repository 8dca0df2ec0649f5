//! Side-band: three streams in one, as in gitprotocol-pack(5).

use bytes::Bytes;

use crate::error::ProtocolError;
use crate::line;
use crate::pktline::Packet;

/// Which side-band is in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SideBand {
    /// None: data comes as it is, and messages do not come at all.
    #[default]
    None,
    /// `side-band`: packets of up to 1,000 bytes.
    Small,
    /// `side-band-64k`: packets of up to 65,520 bytes. Version 2 always uses it.
    Large,
}

impl SideBand {
    /// The capability that asks for it.
    pub fn capability(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Small => Some("side-band"),
            Self::Large => Some("side-band-64k"),
        }
    }
}

/// One packet of a side-band stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Band {
    /// Band 1: the pack or the report. Empty in a keepalive.
    Data(Bytes),
    /// Band 2: messages for people, cut anywhere.
    Progress(Bytes),
    /// Band 3: the last words of a server that gives up.
    Error(Bytes),
}

/// Reads the band of a data packet.
pub fn demux(packet: &Packet) -> Result<Band, ProtocolError> {
    const EXPECTED: &str = "a side-band packet";
    let Packet::Data(data) = packet else {
        return line::text(packet, EXPECTED).and(Err(ProtocolError::unexpected(EXPECTED, b"")));
    };
    match data.first() {
        Some(1) => Ok(Band::Data(data.slice(1..))),
        Some(2) => Ok(Band::Progress(data.slice(1..))),
        Some(3) => Ok(Band::Error(data.slice(1..))),
        _ => Err(ProtocolError::unexpected(EXPECTED, line::text(packet, EXPECTED)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(bytes: &'static [u8]) -> Packet {
        Packet::Data(Bytes::from_static(bytes))
    }

    #[test]
    fn the_first_byte_is_the_band() {
        assert_eq!(demux(&data(b"\x01PACK")), Ok(Band::Data("PACK".into())));
        assert_eq!(
            demux(&data(b"\x02counting\r")),
            Ok(Band::Progress("counting\r".into()))
        );
        assert_eq!(demux(&data(b"\x03dead\n")), Ok(Band::Error("dead\n".into())));
    }

    #[test]
    fn a_keepalive_is_empty_data() {
        assert_eq!(demux(&data(b"\x01")), Ok(Band::Data(Bytes::new())));
    }

    #[test]
    fn other_packets_are_refused() {
        assert!(demux(&data(b"")).is_err());
        assert!(demux(&data(b"\x04x")).is_err());
        assert!(demux(&Packet::Flush).is_err());
        assert_eq!(
            demux(&data(b"ERR gone\n")),
            Err(ProtocolError::Remote("gone".into()))
        );
    }
}
