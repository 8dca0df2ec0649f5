//! The command `ls-refs` of gitprotocol-v2(5): which references a repository has.

use bstr::BString;

use crate::error::ProtocolError;
use crate::line::{self, Counter, agent_value, bounded_name, object_id, split_word};
use crate::oid::{ObjectFormat, Oid};
use crate::pktline::{Packet, write_data, write_delimiter, write_flush, write_line};
use crate::refname::RefName;

/// A request for references.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LsRefsRequest {
    /// Only names that start with one of these; all if empty. A server may send others too, and takes 65,536 at most
    /// before it ignores them. One that is longer than a name can be is cut.
    pub prefixes: Vec<BString>,
    /// Tell what symbolic references stand for.
    pub symrefs: bool,
    /// Tell what annotated tags point to in the end.
    pub peel: bool,
    /// Tell what `HEAD` stands for when that branch does not exist yet. Only if the server has the feature `unborn`.
    pub unborn: bool,
    /// The format of the repository. A server of another format refuses the request.
    pub object_format: ObjectFormat,
    /// Whether to send the format where it is sha1: only to servers that have the capability.
    pub send_object_format: bool,
    /// The name of this program: only for servers that have the capability.
    pub agent: Option<String>,
}

impl LsRefsRequest {
    /// The request's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_command(
            &mut out,
            "ls-refs",
            self.agent.as_deref(),
            self.object_format,
            self.send_object_format,
        );
        for (set, argument) in [
            (self.peel, "peel"),
            (self.symrefs, "symrefs"),
            (self.unborn, "unborn"),
        ] {
            if set {
                write_line(&mut out, argument);
            }
        }
        for prefix in &self.prefixes {
            let prefix = &prefix[..prefix.len().min(RefName::MAX_LEN)];
            write_data(&mut out, &[b"ref-prefix ", prefix, b"\n"].concat());
        }
        write_flush(&mut out);
        out
    }
}

/// The start of every version 2 request: the command, its capabilities, the delimiter.
pub(crate) fn write_command(
    out: &mut Vec<u8>,
    command: &str,
    agent: Option<&str>,
    format: ObjectFormat,
    send_format: bool,
) {
    write_line(out, &format!("command={command}"));
    if let Some(agent) = agent {
        write_line(out, &format!("agent={}", agent_value(agent)));
    }
    if send_format || format != ObjectFormat::Sha1 {
        write_line(out, &format!("object-format={format}"));
    }
    write_delimiter(out);
}

/// A reference as `ls-refs` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRef {
    /// Its name.
    pub name: RefName,
    /// What it points to: for an annotated tag the tag object.
    pub id: Oid,
    /// The reference it stands for, if it is symbolic.
    pub symref_target: Option<RefName>,
    /// The object that an annotated tag points to in the end.
    pub peeled: Option<Oid>,
}

/// What one packet of a listing says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LsRefsEvent {
    /// A reference.
    Ref(ListedRef),
    /// `HEAD`.
    Head {
        /// Its value; `None` if its branch does not exist yet.
        id: Option<Oid>,
        /// The branch it stands for, if it is symbolic.
        symref_target: Option<RefName>,
    },
    /// A name, or the name that it stands for, that `git check-ref-format` refuses, cut to [`RefName::MAX_LEN`].
    /// The reference is left out.
    InvalidName(BString),
    /// The flush packet that ends the listing.
    End,
}

/// Reads the answer to an [`LsRefsRequest`].
#[derive(Debug, Clone)]
pub struct LsRefsDecoder {
    format: ObjectFormat,
    lines: Counter,
    done: bool,
}

/// What follows a reference's name.
#[derive(Default)]
struct Attributes<'a> {
    symref_target: Option<&'a [u8]>,
    peeled: Option<Oid>,
}

impl LsRefsDecoder {
    /// A decoder for a listing of ids of this format.
    pub fn new(format: ObjectFormat) -> Self {
        Self {
            format,
            lines: Counter::new("references", crate::MAX_REFS),
            done: false,
        }
    }

    /// Reads one packet. After [`LsRefsEvent::End`] every packet is an error.
    pub fn packet(&mut self, packet: &Packet) -> Result<LsRefsEvent, ProtocolError> {
        if self.done {
            return Err(ProtocolError::unexpected(
                "the end of the listing",
                packet.line().unwrap_or(b"0000"),
            ));
        }
        if *packet == Packet::Flush {
            self.done = true;
            return Ok(LsRefsEvent::End);
        }
        let line = line::text(packet, "a reference")?;
        self.lines.add()?;
        self.reference(line)
    }

    fn reference(&self, line: &[u8]) -> Result<LsRefsEvent, ProtocolError> {
        let Some((id, rest)) = split_word(line) else {
            return Err(ProtocolError::unexpected("an object id and a name", line));
        };
        let (name, attributes) = split_word(rest).unwrap_or((rest, b""));
        let attributes = self.attributes(attributes)?;
        let id = match id {
            b"unborn" if name == b"HEAD" => None,
            id => Some(object_id(id, self.format)?),
        };
        Ok(match id {
            id if name == b"HEAD" => LsRefsEvent::Head {
                id,
                symref_target: attributes.symref_target.and_then(|name| RefName::new(name).ok()),
            },
            Some(id) => listed(name, id, &attributes),
            None => unreachable!("only HEAD is read as unborn"),
        })
    }

    fn attributes<'a>(&self, text: &'a [u8]) -> Result<Attributes<'a>, ProtocolError> {
        let mut all = Attributes::default();
        for attribute in text.split(|byte| *byte == b' ') {
            if let Some(target) = attribute.strip_prefix(b"symref-target:") {
                all.symref_target = Some(target);
            } else if let Some(id) = attribute.strip_prefix(b"peeled:") {
                all.peeled = Some(object_id(id, self.format)?);
            }
        }
        Ok(all)
    }

    /// Whether the listing has ended.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Checks that the listing is whole. One that ends without its flush packet is never "no references": a server
    /// that does not speak version 2 answers with no byte at all.
    pub fn finish(&self) -> Result<(), ProtocolError> {
        if self.done {
            Ok(())
        } else {
            Err(ProtocolError::Ended {
                during: "the listing of references",
            })
        }
    }
}

/// A reference is left out too if what it stands for has no valid name: without its target it would look like a
/// reference of its own, which may be written.
fn listed(name: &[u8], id: Oid, attributes: &Attributes<'_>) -> LsRefsEvent {
    let Ok(name) = RefName::new(name) else {
        return LsRefsEvent::InvalidName(bounded_name(name));
    };
    let symref_target = match attributes.symref_target.map(RefName::new).transpose() {
        Ok(target) => target,
        Err(_) => return LsRefsEvent::InvalidName(name.as_bstr().to_owned()),
    };
    LsRefsEvent::Ref(ListedRef {
        name,
        id,
        symref_target,
        peeled: attributes.peeled,
    })
}
