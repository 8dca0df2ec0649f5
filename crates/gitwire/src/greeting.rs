//! What a server says first: its version, its capabilities and, before version 2, its references.
//!
//! gitprotocol-pack(5) "Reference Discovery", gitprotocol-v2(5) "Initial Client Request", and for the line that smart
//! HTTP puts in front, gitprotocol-http(5).

use bstr::{BString, ByteSlice};

use crate::capabilities::Capabilities;
use crate::error::ProtocolError;
use crate::line::{self, Counter, bounded_name, object_id};
use crate::oid::{ObjectFormat, Oid};
use crate::pktline::Packet;
use crate::refname::RefName;

/// The program on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Hands out objects.
    UploadPack,
    /// Takes objects and updates references.
    ReceivePack,
}

impl Service {
    /// The name in requests: `git-upload-pack` or `git-receive-pack`.
    pub fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}

/// The version of the protocol that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// References come unasked.
    V0,
    /// As version 0, after a line that says so.
    V1,
    /// Capabilities come first, everything else on request.
    V2,
}

/// What one packet of a greeting says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GreetingEvent {
    /// Nothing to act on: a capability, the border of a section.
    Nothing,
    /// A reference and its value.
    Ref {
        /// Its name.
        name: RefName,
        /// What it points to: for an annotated tag the tag object.
        id: Oid,
    },
    /// The value of `HEAD`. What it stands for is in [`GreetingDecoder::symrefs`].
    Head(Oid),
    /// The object that the annotated tag listed before points to in the end.
    Peeled {
        /// The tag's reference.
        name: RefName,
        /// The object.
        id: Oid,
    },
    /// An object that a receive-pack has by other means than its references.
    Have(Oid),
    /// A commit whose parents the repository lacks.
    Shallow(Oid),
    /// A name that `git check-ref-format` refuses, cut to [`RefName::MAX_LEN`]. It is left out.
    InvalidName(BString),
    /// The flush packet that ends the greeting.
    End,
}

/// Where in the greeting the decoder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first packet.
    Start,
    /// After `# service=`: its flush packet may follow.
    Announced,
    /// Before the first reference, which carries the capabilities.
    FirstRef,
    /// Among the references of versions 0 and 1.
    Refs,
    /// Among the capabilities of version 2.
    Capabilities,
    Done,
}

/// Reads the greeting of either service, in every version, over every transport.
#[derive(Debug, Clone)]
pub struct GreetingDecoder {
    service: Service,
    state: State,
    version: Version,
    capabilities: Capabilities,
    format: ObjectFormat,
    lines: Counter,
}

impl GreetingDecoder {
    /// A decoder for the first bytes of a connection to `service`.
    pub fn new(service: Service) -> Self {
        Self::limited(service, crate::MAX_REFS)
    }

    fn limited(service: Service, limit: u64) -> Self {
        Self {
            service,
            state: State::Start,
            version: Version::V0,
            capabilities: Capabilities::default(),
            format: ObjectFormat::Sha1,
            lines: Counter::new("references", limit),
        }
    }

    /// Reads one packet. After [`GreetingEvent::End`] every packet is an error.
    pub fn packet(&mut self, packet: &Packet) -> Result<GreetingEvent, ProtocolError> {
        match (self.state, packet) {
            (State::Done, Packet::Flush) => Err(after_the_end(b"0000")),
            (State::Announced, Packet::Flush) => {
                self.state = State::FirstRef;
                Ok(GreetingEvent::Nothing)
            }
            (_, Packet::Flush) => {
                self.format = self.capabilities.object_format()?;
                self.state = State::Done;
                Ok(GreetingEvent::End)
            }
            _ => self.line(line::text(packet, "a greeting")?),
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<GreetingEvent, ProtocolError> {
        match self.state {
            State::Start if line.starts_with(b"# service=") => self.announced(line),
            State::Start | State::Announced | State::FirstRef if line.starts_with(b"version ") => {
                self.versioned(line)
            }
            State::Start | State::Announced | State::FirstRef => self.first_ref(line),
            State::Refs => self.reference(before_nul(line)),
            State::Capabilities => self.capabilities.add(line).map(|()| GreetingEvent::Nothing),
            State::Done => Err(after_the_end(line)),
        }
    }

    fn announced(&mut self, line: &[u8]) -> Result<GreetingEvent, ProtocolError> {
        let expected = match self.service {
            Service::UploadPack => "# service=git-upload-pack",
            Service::ReceivePack => "# service=git-receive-pack",
        };
        if line != expected.as_bytes() {
            return Err(ProtocolError::unexpected(expected, line));
        }
        self.state = State::Announced;
        Ok(GreetingEvent::Nothing)
    }

    fn versioned(&mut self, line: &[u8]) -> Result<GreetingEvent, ProtocolError> {
        (self.version, self.state) = match (line, self.service, self.version) {
            (b"version 1", _, Version::V0) => (Version::V1, State::FirstRef),
            (b"version 2", Service::UploadPack, Version::V0) => (Version::V2, State::Capabilities),
            _ => return Err(ProtocolError::unexpected("a version that was asked for", line)),
        };
        Ok(GreetingEvent::Nothing)
    }

    /// The first line of versions 0 and 1: a reference, or a stand-in for it, with the capabilities behind a NUL.
    fn first_ref(&mut self, line: &[u8]) -> Result<GreetingEvent, ProtocolError> {
        if let Some((_, list)) = line.split_once_str("\0") {
            self.capabilities = Capabilities::from_list(list)?;
            self.format = self.capabilities.object_format()?;
        }
        self.state = State::Refs;
        let line = before_nul(line);
        match line.strip_suffix(b" capabilities^{}") {
            Some(zeros) => object_id(zeros, self.format).map(|_| GreetingEvent::Nothing),
            None => self.reference(line),
        }
    }

    fn reference(&mut self, line: &[u8]) -> Result<GreetingEvent, ProtocolError> {
        self.lines.add()?;
        let Some((id, name)) = line::split_word(line) else {
            return Err(ProtocolError::unexpected("an object id and a name", line));
        };
        if id == b"shallow" {
            return object_id(name, self.format).map(GreetingEvent::Shallow);
        }
        let id = object_id(id, self.format)?;
        Ok(match name {
            b"HEAD" => GreetingEvent::Head(id),
            b".have" => GreetingEvent::Have(id),
            _ => named(name, id),
        })
    }

    /// The version, known once [`Self::is_done`].
    pub fn version(&self) -> Version {
        self.version
    }

    /// The capabilities: complete once [`Self::is_done`], and before version 2 after the first line.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The hash function of the repository, by its capabilities.
    pub fn object_format(&self) -> ObjectFormat {
        self.format
    }

    /// What the symbolic references stand for that versions 0 and 1 tell of, which is mostly `HEAD` alone:
    /// `("HEAD", refs/heads/main)`. Targets whose names are refused are left out.
    pub fn symrefs(&self) -> Vec<(BString, RefName)> {
        self.capabilities
            .values("symref")
            .filter_map(|value| {
                let (name, target) = value.split_once_str(":")?;
                Some((BString::from(name), RefName::new(target).ok()?))
            })
            .collect()
    }

    /// Whether the greeting has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Checks that the stream did not end before the greeting did: half a listing would look like deletions.
    pub fn finish(&self) -> Result<(), ProtocolError> {
        if self.is_done() {
            Ok(())
        } else {
            Err(ProtocolError::Ended {
                during: "the greeting",
            })
        }
    }
}

fn named(name: &[u8], id: Oid) -> GreetingEvent {
    let (base, peeled) = match name.strip_suffix(b"^{}") {
        Some(base) => (base, true),
        None => (name, false),
    };
    match RefName::new(base) {
        Ok(name) if peeled => GreetingEvent::Peeled { name, id },
        Ok(name) => GreetingEvent::Ref { name, id },
        // It was reported with the line before, or it is the peeled value of HEAD.
        Err(_) if peeled => GreetingEvent::Nothing,
        Err(_) => GreetingEvent::InvalidName(bounded_name(name)),
    }
}

fn before_nul(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == 0).next().unwrap_or(line)
}

fn after_the_end(found: &[u8]) -> ProtocolError {
    ProtocolError::unexpected("the end of the greeting", found)
}

#[cfg(test)]
mod tests;
