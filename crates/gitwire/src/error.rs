//! The one error of all decoders.

use bstr::BString;

use crate::message::sanitize;
use crate::oid::ObjectFormat;
use crate::pktline::PacketError;

/// What a peer sent that ends the conversation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The bytes are no packet lines.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The peer reports an error: an `ERR` packet without its `ERR `, or the fatal band 3. The bytes are as sent, up to
    /// 4 KiB; `Display` removes control characters.
    #[error("the remote reports: {}", sanitize(.0))]
    Remote(BString),
    /// Something else belongs here.
    #[error("expected {expected}, found {found:?}")]
    Unexpected {
        /// What the protocol asks for, as a noun.
        expected: &'static str,
        /// What was there instead, up to 200 bytes.
        found: BString,
    },
    /// The peer sent more than refsync takes.
    #[error("more than {limit} {what}")]
    Limit {
        /// What is counted, in the plural.
        what: &'static str,
        /// The most that is taken.
        limit: u64,
    },
    /// An object id of the other hash function.
    #[error("expected object ids of format {expected}, found one of format {found}")]
    ObjectFormat {
        /// The format that was agreed on.
        expected: ObjectFormat,
        /// The format of the id that came.
        found: ObjectFormat,
    },
    /// The repository uses a hash function that refsync does not know.
    #[error("the object format {0:?} is not known")]
    UnknownObjectFormat(BString),
    /// The stream ended too early. Nothing that came before may be taken for the whole.
    #[error("the stream ended during {during}")]
    Ended {
        /// What was being read, as a noun.
        during: &'static str,
    },
}

const MAX_FOUND: usize = 200;
const MAX_REMOTE: usize = 4096;

impl ProtocolError {
    pub(crate) fn unexpected(expected: &'static str, found: &[u8]) -> Self {
        Self::Unexpected {
            expected,
            found: found[..found.len().min(MAX_FOUND)].into(),
        }
    }

    pub(crate) fn remote(text: &[u8]) -> Self {
        let text = text.trim_ascii_end();
        Self::Remote(text[..text.len().min(MAX_REMOTE)].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short() {
        let ProtocolError::Unexpected { found, .. } = ProtocolError::unexpected("a line", &[b'x'; 5000])
        else {
            panic!("another error");
        };
        assert_eq!(found.len(), MAX_FOUND);
        let ProtocolError::Remote(text) = ProtocolError::remote(&[b'x'; 5000]) else {
            panic!("another error")
        };
        assert_eq!(text.len(), MAX_REMOTE);
    }

    #[test]
    fn people_never_see_control_characters_of_a_peer() {
        assert_eq!(
            ProtocolError::remote(b"no \x1b[31mway\n").to_string(),
            "the remote reports: no [31mway"
        );
        assert!(
            !ProtocolError::unexpected("a line", b"\x1b[31m")
                .to_string()
                .contains('\x1b')
        );
    }
}
