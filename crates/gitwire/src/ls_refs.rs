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
        Self::limited(format, crate::MAX_REFS)
    }

    fn limited(format: ObjectFormat, limit: u64) -> Self {
        Self {
            format,
            lines: Counter::new("references", limit),
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
        if name == b"HEAD" {
            let id = if id == b"unborn" {
                None
            } else {
                Some(object_id(id, self.format)?)
            };
            let symref_target = attributes.symref_target.and_then(|name| RefName::new(name).ok());
            return Ok(LsRefsEvent::Head { id, symref_target });
        }
        object_id(id, self.format).map(|id| listed(name, id, &attributes))
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1111111111111111111111111111111111111111";
    const TAG: &str = "2222222222222222222222222222222222222222";

    fn read(line: &str) -> Result<LsRefsEvent, ProtocolError> {
        LsRefsDecoder::new(ObjectFormat::Sha1).packet(&Packet::Data(format!("{line}\n").into()))
    }

    fn id(hex: &str) -> Oid {
        crate::parse_oid(hex.as_bytes()).unwrap()
    }

    fn name(name: &str) -> RefName {
        RefName::new(name).unwrap()
    }

    #[test]
    fn a_request_has_its_command_its_capabilities_and_its_arguments() {
        let request = LsRefsRequest {
            prefixes: vec!["HEAD".into(), "refs/heads/".into()],
            symrefs: true,
            peel: true,
            unborn: true,
            object_format: ObjectFormat::Sha1,
            send_object_format: true,
            agent: Some("refsync/1".into()),
        };
        let expected = "0014command=ls-refs\n0014agent=refsync/1\n0017object-format=sha1\n0001\
                        0009peel\n000csymrefs\n000bunborn\n0014ref-prefix HEAD\n001bref-prefix refs/heads/\n0000";
        assert_eq!(String::from_utf8(request.encode()).unwrap(), expected);
    }

    #[test]
    fn sha1_is_not_named_unasked_and_sha256_always() {
        assert_eq!(
            LsRefsRequest::default().encode(),
            b"0014command=ls-refs\n00010000"
        );
        let request = LsRefsRequest {
            object_format: ObjectFormat::Sha256,
            ..Default::default()
        };
        assert_eq!(
            request.encode(),
            b"0014command=ls-refs\n0019object-format=sha256\n00010000"
        );
    }

    #[test]
    fn a_prefix_that_no_name_can_have_is_cut() {
        let request = LsRefsRequest {
            prefixes: vec![vec![b'x'; 100_000].into()],
            ..Default::default()
        };
        assert_eq!(
            request.encode().len(),
            4 * 3 + "command=ls-refs\n".len() + 4 + "ref-prefix \n".len() + 4096
        );
    }

    #[test]
    fn a_reference_has_its_attributes_in_any_order() {
        let plain = ListedRef {
            name: name("refs/heads/main"),
            id: id(ID),
            symref_target: None,
            peeled: None,
        };
        assert_eq!(
            read(&format!("{ID} refs/heads/main")),
            Ok(LsRefsEvent::Ref(plain.clone()))
        );
        assert_eq!(
            read(&format!("{ID} refs/heads/main later:unknown")),
            Ok(LsRefsEvent::Ref(plain))
        );
        let all = ListedRef {
            name: name("refs/tags/s"),
            id: id(TAG),
            symref_target: Some(name("refs/tags/v1")),
            peeled: Some(id(ID)),
        };
        let (symref, peeled) = ("symref-target:refs/tags/v1", format!("peeled:{ID}"));
        assert_eq!(
            read(&format!("{TAG} refs/tags/s {symref} {peeled}")),
            Ok(LsRefsEvent::Ref(all.clone()))
        );
        assert_eq!(
            read(&format!("{TAG} refs/tags/s {peeled} {symref}")),
            Ok(LsRefsEvent::Ref(all))
        );
    }

    #[test]
    fn head_may_be_born_unborn_or_detached() {
        let target = Some(name("refs/heads/main"));
        let head = |id, symref_target| Ok(LsRefsEvent::Head { id, symref_target });
        assert_eq!(
            read(&format!("{ID} HEAD symref-target:refs/heads/main")),
            head(Some(id(ID)), target.clone())
        );
        assert_eq!(
            read("unborn HEAD symref-target:refs/heads/main"),
            head(None, target)
        );
        assert_eq!(read(&format!("{ID} HEAD")), head(Some(id(ID)), None));
    }

    #[test]
    fn refused_names_are_reported_and_left_out() {
        assert_eq!(
            read(&format!("{ID} refs/heads/a..b")),
            Ok(LsRefsEvent::InvalidName("refs/heads/a..b".into()))
        );
        assert_eq!(
            read(&format!("{ID} FETCH_HEAD")),
            Ok(LsRefsEvent::InvalidName("FETCH_HEAD".into()))
        );
    }

    #[test]
    fn a_symbolic_reference_with_a_refused_target_never_passes_for_a_plain_one() {
        assert_eq!(
            read(&format!("{ID} refs/heads/main symref-target:refs/heads/a..b")),
            Ok(LsRefsEvent::InvalidName("refs/heads/main".into()))
        );
    }

    #[test]
    fn a_listing_without_its_flush_packet_is_no_listing() {
        let mut decoder = LsRefsDecoder::new(ObjectFormat::Sha1);
        assert_eq!(
            decoder.finish(),
            Err(ProtocolError::Ended {
                during: "the listing of references"
            })
        );
        assert_eq!(decoder.packet(&Packet::Flush), Ok(LsRefsEvent::End));
        assert_eq!(decoder.finish(), Ok(()));
        assert!(decoder.packet(&Packet::Flush).is_err(), "nothing follows the end");
    }

    #[test]
    fn a_listing_has_an_end() {
        let mut decoder = LsRefsDecoder::limited(ObjectFormat::Sha1, 2);
        let line = Packet::Data(format!("{ID} refs/heads/main\n").into());
        assert!(decoder.packet(&line).is_ok() && decoder.packet(&line).is_ok());
        let limit = ProtocolError::Limit {
            what: "references",
            limit: 2,
        };
        assert_eq!(decoder.packet(&line), Err(limit));
    }

    #[test]
    fn whatever_is_no_reference_is_refused() {
        assert_eq!(
            read("ERR upload-pack: no"),
            Err(ProtocolError::Remote("upload-pack: no".into()))
        );
        for line in [
            "",
            "HEAD",
            ID,
            "unborn refs/heads/main",
            "123 refs/heads/main",
            "refs/heads/main 123",
        ] {
            assert!(
                matches!(read(line), Err(ProtocolError::Unexpected { .. })),
                "{line}"
            );
        }
        assert!(matches!(
            read(&format!("{ID} refs/tags/v peeled:1")),
            Err(ProtocolError::Unexpected { .. })
        ));
        let sha256 = "ab".repeat(32);
        assert_eq!(
            read(&format!("{sha256} refs/heads/main")),
            Err(ProtocolError::ObjectFormat {
                expected: ObjectFormat::Sha1,
                found: ObjectFormat::Sha256
            })
        );
    }
}
