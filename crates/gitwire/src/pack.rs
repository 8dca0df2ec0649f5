//! Packs, as far as refsync looks into them: gitformat-pack(5).

mod commits;
mod delta;
mod entry;
mod scan;

pub use scan::{GiveUp, ParentScan, ScanLimits, ScanState};

use crate::error::ProtocolError;

/// The first twelve bytes of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackHeader {
    /// 2 or 3, which mean the same.
    pub version: u32,
    /// The number of objects that follow. None at all means that the receiver has everything.
    pub objects: u32,
}

impl PackHeader {
    /// The length of a header in bytes.
    pub const LEN: usize = 12;

    /// Reads the header at the start of `pack`. `None` if more bytes are needed.
    pub fn parse(pack: &[u8]) -> Result<Option<Self>, ProtocolError> {
        const MAGIC: &[u8] = b"PACK";
        let magic = pack.len().min(MAGIC.len());
        if pack[..magic] != MAGIC[..magic] {
            return Err(ProtocolError::unexpected("a pack", pack));
        }
        let (Some(version), Some(objects)) = (number(pack, 4), number(pack, 8)) else {
            return Ok(None);
        };
        if !(2..=3).contains(&version) {
            return Err(ProtocolError::unexpected(
                "a pack of version 2 or 3",
                &pack[..Self::LEN],
            ));
        }
        Ok(Some(Self { version, objects }))
    }
}

fn number(pack: &[u8], at: usize) -> Option<u32> {
    let bytes = pack.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}
