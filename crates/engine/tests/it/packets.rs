//! Answers of servers, made by hand.

use gitwire::pktline::{write_data, write_flush};
use testkit::Then;

use crate::scene::answer;

/// An answer in the making.
#[derive(Clone, Default)]
pub(crate) struct Packets(Vec<u8>);

impl Packets {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A packet with a line.
    pub(crate) fn line(self, line: &str) -> Self {
        self.data(format!("{line}\n").as_bytes())
    }

    /// A packet with bytes.
    pub(crate) fn data(mut self, bytes: &[u8]) -> Self {
        write_data(&mut self.0, bytes);
        self
    }

    /// A flush packet.
    pub(crate) fn flush(mut self) -> Self {
        write_flush(&mut self.0);
        self
    }

    /// Bytes as they are.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The bytes.
    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }

    /// The answer of a call to `git-upload-pack`.
    pub(crate) fn upload_pack_result(self) -> Then {
        answer("application/x-git-upload-pack-result", self.0)
    }

    /// What a `git-receive-pack` tells first.
    pub(crate) fn receive_pack_advertisement(self) -> Then {
        answer("application/x-git-receive-pack-advertisement", self.0)
    }

    /// What a `git-upload-pack` tells first.
    pub(crate) fn upload_pack_advertisement(self) -> Then {
        answer("application/x-git-upload-pack-advertisement", self.0)
    }

    /// The answer of a call to `git-receive-pack`.
    pub(crate) fn receive_pack_result(self) -> Then {
        answer("application/x-git-receive-pack-result", self.0)
    }
}

/// The listing of a receive-pack with these references and capabilities, up to its flush packet.
pub(crate) fn listing<'a>(
    references: impl IntoIterator<Item = (&'a str, &'a str)>,
    capabilities: &str,
) -> Packets {
    let mut packets = Packets::new();
    let mut first = true;
    for (name, id) in references {
        let end = if first {
            format!("\0{capabilities}")
        } else {
            String::new()
        };
        packets = packets.line(&format!("{id} {name}{end}"));
        first = false;
    }
    if first {
        packets = packets.line(&format!("{} capabilities^{{}}\0{capabilities}", "0".repeat(40)));
    }
    packets
}
