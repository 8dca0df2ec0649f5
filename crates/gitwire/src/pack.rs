//! Packs, as far as refsync looks into them: gitformat-pack(5).

mod commits;
mod delta;
mod entry;
mod scan;
#[cfg(test)]
mod testing;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_once_it_is_whole() {
        let bytes = b"PACK\0\0\0\x02\0\0\x01\x02rest";
        for cut in 0..PackHeader::LEN {
            assert_eq!(PackHeader::parse(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
        assert_eq!(
            PackHeader::parse(bytes),
            Ok(Some(PackHeader {
                version: 2,
                objects: 258
            }))
        );
    }

    #[test]
    fn what_is_no_pack_is_known_from_its_first_byte() {
        assert!(PackHeader::parse(b"<").is_err());
        assert!(PackHeader::parse(b"PACx").is_err());
        assert!(PackHeader::parse(b"PACK\0\0\0\x04\0\0\0\0").is_err());
    }
}
