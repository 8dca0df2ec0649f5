//! What a server says it can do: gitprotocol-capabilities(5) and the capability advertisement of gitprotocol-v2(5).

use bstr::{BStr, BString, ByteSlice};

use crate::error::ProtocolError;
use crate::oid::ObjectFormat;

/// The most bytes of all capabilities together.
pub const MAX_BYTES: u64 = 64 << 10;

/// The most capabilities of one server.
pub const MAX_ENTRIES: u64 = 1000;

/// The capabilities of a server, in the order it sent them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    entries: Vec<Entry>,
    bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: BString,
    value: Option<BString>,
}

impl Capabilities {
    /// Reads the list of versions 0 and 1: what follows the NUL byte of the first line, separated by spaces.
    pub fn from_list(list: &[u8]) -> Result<Self, ProtocolError> {
        let mut all = Self::default();
        for entry in list
            .split(|byte| byte.is_ascii_whitespace())
            .filter(|entry| !entry.is_empty())
        {
            all.add(entry)?;
        }
        Ok(all)
    }

    /// Adds one line of the version 2 advertisement, without its newline.
    pub fn add(&mut self, entry: &[u8]) -> Result<(), ProtocolError> {
        self.bytes += entry.len() as u64;
        if self.bytes > MAX_BYTES {
            return Err(ProtocolError::Limit {
                what: "bytes of capabilities",
                limit: MAX_BYTES,
            });
        }
        if self.entries.len() as u64 == MAX_ENTRIES {
            return Err(ProtocolError::Limit {
                what: "capabilities",
                limit: MAX_ENTRIES,
            });
        }
        let (name, value) = match entry.split_once_str("=") {
            Some((name, value)) => (name, Some(value.into())),
            None => (entry, None),
        };
        self.entries.push(Entry {
            name: name.into(),
            value,
        });
        Ok(())
    }

    /// Whether the capability was sent, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// The value of the first capability with this name, if it has one.
    pub fn value(&self, name: &str) -> Option<&BStr> {
        self.named(name)
            .find_map(|entry| entry.value.as_ref())
            .map(|value| value.as_bstr())
    }

    /// Every value of this name: those of repeated keys (`symref`), and the words of a value (`fetch=shallow filter`).
    pub fn values(&self, name: &str) -> impl Iterator<Item = &BStr> {
        self.named(name)
            .filter_map(|entry| entry.value.as_ref())
            .flat_map(|value| value.split(|byte| *byte == b' '))
            .filter(|word| !word.is_empty())
            .map(|word| word.as_bstr())
    }

    /// Whether a version 2 command has a feature: `feature("fetch", "filter")`.
    pub fn feature(&self, command: &str, feature: &str) -> bool {
        self.values(command).any(|value| value == feature)
    }

    /// The hash function of the repository: the first `object-format`, sha1 if there is none. A format that is not
    /// known is an error.
    pub fn object_format(&self) -> Result<ObjectFormat, ProtocolError> {
        match self.values("object-format").next() {
            None => Ok(ObjectFormat::Sha1),
            Some(name) => ObjectFormat::from_name(name)
                .ok_or_else(|| ProtocolError::UnknownObjectFormat(crate::line::bounded_name(name))),
        }
    }

    /// The server's name and version, such as `git/2.47.3`. For people only.
    pub fn agent(&self) -> Option<&BStr> {
        self.value("agent")
    }

    /// Whether the server sent none at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_its_order() {
        let caps = Capabilities::from_list(
            b" multi_ack side-band-64k symref=HEAD:refs/heads/main symref=refs/x:refs/y object-format=sha256 agent=git/2.47.3\n",
        )
        .unwrap();
        assert!(caps.has("multi_ack") && caps.has("agent") && !caps.has("side-band"));
        assert_eq!(caps.value("symref").unwrap(), "HEAD:refs/heads/main");
        assert_eq!(
            caps.values("symref").collect::<Vec<_>>(),
            ["HEAD:refs/heads/main", "refs/x:refs/y"]
        );
        assert_eq!(caps.object_format(), Ok(ObjectFormat::Sha256));
        assert_eq!(caps.agent().unwrap(), "git/2.47.3");
    }

    #[test]
    fn features_of_a_command_are_words_of_its_value() {
        let mut caps = Capabilities::default();
        caps.add(b"ls-refs=unborn").unwrap();
        caps.add(b"fetch=shallow wait-for-done filter").unwrap();
        assert!(caps.feature("fetch", "filter") && caps.feature("ls-refs", "unborn"));
        assert!(
            !caps.feature("fetch", "filt")
                && !caps.feature("ls-refs", "filter")
                && !caps.feature("push", "x")
        );
        assert_eq!(caps.object_format(), Ok(ObjectFormat::Sha1));
    }

    #[test]
    fn the_first_object_format_is_the_one_in_use() {
        let caps = Capabilities::from_list(b"object-format=sha256 object-format=sha1").unwrap();
        assert_eq!(caps.object_format(), Ok(ObjectFormat::Sha256));
        let caps = Capabilities::from_list(b"object-format=sha3").unwrap();
        assert_eq!(
            caps.object_format(),
            Err(ProtocolError::UnknownObjectFormat("sha3".into()))
        );
    }

    #[test]
    fn there_is_an_end_to_what_is_taken() {
        assert!(Capabilities::from_list(b"x ".repeat(1000).as_slice()).is_ok());
        assert_eq!(
            Capabilities::from_list(b"x ".repeat(1001).as_slice()),
            Err(ProtocolError::Limit {
                what: "capabilities",
                limit: MAX_ENTRIES
            })
        );
        let mut caps = Capabilities::default();
        caps.add(&[b'x'; 60_000]).unwrap();
        assert_eq!(
            caps.add(&[b'x'; 6000]),
            Err(ProtocolError::Limit {
                what: "bytes of capabilities",
                limit: MAX_BYTES
            })
        );
    }
}
