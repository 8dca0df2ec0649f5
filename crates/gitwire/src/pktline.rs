//! Packet lines: the framing of gitprotocol-common(5).

use bytes::{Bytes, BytesMut};
use gix_packetline::{PacketLineRef, decode};

/// The most bytes that one packet carries: 65520 with its four-digit length.
pub const MAX_DATA_LEN: usize = 65516;

/// One packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Data, at most [`MAX_DATA_LEN`] bytes, as sent: a final newline is kept.
    Data(Bytes),
    /// `0000`, the end of a message.
    Flush,
    /// `0001`, the border between sections.
    Delimiter,
    /// `0002`, the end of a stateless response.
    ResponseEnd,
}

impl Packet {
    /// The data as a line of text: without one trailing newline. `None` for the special packets.
    pub fn line(&self) -> Option<&[u8]> {
        match self {
            Self::Data(data) => Some(data.strip_suffix(b"\n").unwrap_or(data)),
            _ => None,
        }
    }
}

/// Bytes that are no packet line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The four bytes where a length belongs are none. They are kept for the message: they may be a page of HTML.
    #[error("a packet line starts with four hexadecimal digits, found {0:?}")]
    Length(bstr::BString),
    /// The stream ended inside a packet.
    #[error("the stream ended inside a packet line")]
    Truncated,
}

/// Cuts a stream of bytes into packets. It holds at most one incomplete packet beside what was fed last.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete packet, or `None` when more bytes are needed.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, PacketError> {
        let (special, length) = match decode::streaming(&self.buffer) {
            Ok(decode::Stream::Incomplete { .. }) => return Ok(None),
            Ok(decode::Stream::Complete { line, bytes_consumed }) => (special(line), bytes_consumed),
            // An empty data packet is legal in gitprotocol-common(5), if discouraged; the library refuses it.
            Err(_) if self.buffer.starts_with(b"0004") => (None, 4),
            Err(_) => {
                return Err(PacketError::Length(
                    self.buffer[..self.buffer.len().min(4)].into(),
                ));
            }
        };
        let packet = self.buffer.split_to(length).freeze();
        Ok(Some(special.unwrap_or_else(|| Packet::Data(packet.slice(4..)))))
    }

    /// Whether nothing is left over: a stream may only end here.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Gives up framing and hands out what is left: the start of a pack that is sent without side-band.
    pub fn into_rest(self) -> Bytes {
        self.buffer.freeze()
    }

    /// Checks that the stream ended between two packets.
    pub fn finish(&self) -> Result<(), PacketError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(PacketError::Truncated)
        }
    }
}

fn special(line: PacketLineRef<'_>) -> Option<Packet> {
    match line {
        PacketLineRef::Data(_) => None,
        PacketLineRef::Flush => Some(Packet::Flush),
        PacketLineRef::Delimiter => Some(Packet::Delimiter),
        PacketLineRef::ResponseEnd => Some(Packet::ResponseEnd),
    }
}

/// Appends one data packet.
///
/// # Panics
///
/// If `data` is longer than [`MAX_DATA_LEN`]: what refsync sends is bounded before.
pub fn write_data(out: &mut Vec<u8>, data: &[u8]) {
    assert!(data.len() <= MAX_DATA_LEN, "a packet of {} bytes", data.len());
    out.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    out.extend_from_slice(data);
}

/// Appends a line of text with its newline.
pub fn write_line(out: &mut Vec<u8>, line: &str) {
    write_data(out, format!("{line}\n").as_bytes());
}

/// Appends a flush packet.
pub fn write_flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// Appends a delimiter packet.
pub fn write_delimiter(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0001");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(chunks: &[&[u8]]) -> Result<Vec<Packet>, PacketError> {
        let mut decoder = Decoder::new();
        let mut all = Vec::new();
        for chunk in chunks {
            decoder.feed(chunk);
            while let Some(packet) = decoder.next_packet()? {
                all.push(packet);
            }
        }
        decoder.finish().map(|()| all)
    }

    #[test]
    fn packets_are_the_same_however_the_stream_is_cut() {
        let stream = b"0009hello0000000100020004000ahello\n";
        let whole = packets(&[stream]).unwrap();
        assert_eq!(whole.len(), 6);
        assert_eq!(whole[5].line(), Some(&b"hello"[..]));
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(packets(&single).unwrap(), whole);
    }

    #[test]
    fn what_was_written_is_read_back() {
        let mut out = Vec::new();
        write_data(&mut out, &vec![b'x'; MAX_DATA_LEN]);
        write_line(&mut out, "a line");
        write_flush(&mut out);
        write_delimiter(&mut out);
        let read = packets(&[&out]).unwrap();
        assert_eq!(read[1], Packet::Data("a line\n".into()));
        assert_eq!(read[2..], [Packet::Flush, Packet::Delimiter]);
    }

    #[test]
    fn a_page_of_html_is_no_packet_line() {
        assert_eq!(
            packets(&[b"<!DOCTYPE html>"]),
            Err(PacketError::Length("<!DO".into()))
        );
        assert!(packets(&[b"0003"]).is_err());
        assert!(packets(&[b"ffff"]).is_err());
    }

    #[test]
    fn a_stream_ends_only_between_packets() {
        assert_eq!(packets(&[b"0009hel"]), Err(PacketError::Truncated));
    }
}
