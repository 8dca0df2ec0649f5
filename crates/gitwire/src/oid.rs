//! Object ids and the hash function behind them.

use std::fmt;

/// The id of an object: 20 bytes (sha1) or 32 bytes (sha256).
pub type Oid = gix_hash::ObjectId;

/// The hash function of a repository, the `object-format` capability of gitprotocol-capabilities(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ObjectFormat {
    /// 40 hexadecimal digits; what a server means that does not say.
    #[default]
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
}

impl ObjectFormat {
    /// The format with this name in a capability, or `None` for a name that is not known.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"sha1" => Some(Self::Sha1),
            b"sha256" => Some(Self::Sha256),
            _ => None,
        }
    }

    /// The name in a capability.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The number of hexadecimal digits of an id.
    pub fn hex_len(self) -> usize {
        self.kind().len_in_hex()
    }

    /// The all-zero id, which stands for "no such reference" in a command.
    pub fn null(self) -> Oid {
        self.kind().null()
    }

    /// The format that an id belongs to.
    pub fn of(id: &Oid) -> Self {
        if id.kind() == gix_hash::Kind::Sha256 {
            Self::Sha256
        } else {
            Self::Sha1
        }
    }

    pub(crate) fn kind(self) -> gix_hash::Kind {
        match self {
            Self::Sha1 => gix_hash::Kind::Sha1,
            Self::Sha256 => gix_hash::Kind::Sha256,
        }
    }
}

impl fmt::Display for ObjectFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is not an object id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an object id: expected 40 or 64 hexadecimal digits, found {found} bytes")]
pub struct OidError {
    /// How many bytes were given.
    pub found: usize,
}

/// Reads an id of either format from its hexadecimal digits, in either case.
pub fn parse_oid(hex: &[u8]) -> Result<Oid, OidError> {
    let error = OidError { found: hex.len() };
    if hex.len() != ObjectFormat::Sha1.hex_len() && hex.len() != ObjectFormat::Sha256.hex_len() {
        return Err(error);
    }
    Oid::from_hex(&hex.to_ascii_lowercase()).map_err(|_| error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read_in_either_case() {
        let sha1 = "DEADBEEF".repeat(5);
        assert_eq!(
            parse_oid(sha1.as_bytes()).unwrap().to_string(),
            sha1.to_lowercase()
        );
        let sha256 = "00ff".repeat(16);
        assert_eq!(
            ObjectFormat::of(&parse_oid(sha256.as_bytes()).unwrap()),
            ObjectFormat::Sha256
        );
    }

    #[test]
    fn other_lengths_and_digits_are_refused() {
        assert!(parse_oid(b"").is_err());
        assert!(parse_oid(&[b'a'; 41]).is_err());
        assert!(parse_oid(&[b'g'; 40]).is_err());
    }
}
