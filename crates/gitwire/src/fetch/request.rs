//! What is asked for.

use crate::ls_refs::write_command;
use crate::oid::{ObjectFormat, Oid};
use crate::pktline::{write_data, write_flush, write_line};
use crate::refname::RefName;

/// The most bytes of one request: git-http-backend(1) stops reading at 10 MiB.
pub const MAX_REQUEST: usize = 8 << 20;

/// A request for a pack, or one round of the negotiation for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FetchRequest<'a> {
    /// The objects to send, with all they reach.
    pub wants: &'a [Oid],
    /// Objects that the receiver has, with all they reach.
    pub haves: &'a [Oid],
    /// Send the pack now, whatever was found to be common.
    pub done: bool,
    /// Deltas may build on objects that are not in the pack.
    pub thin_pack: bool,
    /// Deltas may name their base by its place in the pack.
    pub ofs_delta: bool,
    /// Send no messages about progress.
    pub no_progress: bool,
    /// Send annotated tags of what is sent along.
    pub include_tag: bool,
    /// Commits whose parents the receiver lacks. Only if the server has the feature `shallow`.
    pub shallow: &'a [Oid],
    /// Cut the history at this many commits. Only if the server has the feature `shallow`.
    pub deepen: Option<u32>,
    /// Leave out objects, such as `blob:none`. Only if the server has the feature `filter`.
    pub filter: Option<&'a str>,
    /// References whose values the server itself looks up. Only if it has the feature `ref-in-want`.
    pub want_refs: &'a [RefName],
    /// Never start to send before `done`. Only if the server has the feature `wait-for-done`.
    pub wait_for_done: bool,
    /// The format of the repository.
    pub object_format: ObjectFormat,
    /// Whether to send the format where it is sha1: only to servers that have the capability.
    pub send_object_format: bool,
    /// The name of this program: only for servers that have the capability.
    pub agent: Option<&'a str>,
}

impl FetchRequest<'_> {
    /// The request's bytes. The caller keeps them below [`MAX_REQUEST`].
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_command(
            &mut out,
            "fetch",
            self.agent,
            self.object_format,
            self.send_object_format,
        );
        let flags = [
            (self.thin_pack, "thin-pack"),
            (self.no_progress, "no-progress"),
            (self.include_tag, "include-tag"),
            (self.ofs_delta, "ofs-delta"),
            (self.wait_for_done, "wait-for-done"),
        ];
        for (_, argument) in flags.iter().filter(|(set, _)| *set) {
            write_line(&mut out, argument);
        }
        write_ids(&mut out, "shallow", self.shallow);
        if let Some(depth) = self.deepen {
            write_line(&mut out, &format!("deepen {depth}"));
        }
        if let Some(filter) = self.filter {
            write_line(&mut out, &format!("filter {filter}"));
        }
        write_ids(&mut out, "want", self.wants);
        for name in self.want_refs {
            write_data(&mut out, &[b"want-ref ", name.as_bytes(), b"\n"].concat());
        }
        write_ids(&mut out, "have", self.haves);
        if self.done {
            write_line(&mut out, "done");
        }
        write_flush(&mut out);
        out
    }

    /// The bytes that one want or one have adds to a request.
    pub fn encoded_len_per_oid(format: ObjectFormat) -> usize {
        "0000want \n".len() + format.hex_len()
    }
}

/// One line for each id: `want <id>`.
pub(crate) fn write_ids(out: &mut Vec<u8>, keyword: &str, ids: &[Oid]) {
    for id in ids {
        write_line(out, &format!("{keyword} {id}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> Oid {
        crate::parse_oid(digit.repeat(40).as_bytes()).unwrap()
    }

    fn text(request: &FetchRequest<'_>) -> String {
        String::from_utf8(request.encode()).unwrap()
    }

    #[test]
    fn a_request_has_its_command_its_arguments_and_its_ids() {
        let names = [RefName::new("refs/heads/main").unwrap()];
        let (wants, haves, shallow) = ([id("a")], [id("b"), id("c")], [id("d")]);
        let request = FetchRequest {
            wants: &wants,
            haves: &haves,
            done: true,
            thin_pack: true,
            ofs_delta: true,
            no_progress: true,
            include_tag: true,
            shallow: &shallow,
            deepen: Some(7),
            filter: Some("blob:none"),
            want_refs: &names,
            wait_for_done: true,
            object_format: ObjectFormat::Sha1,
            send_object_format: true,
            agent: Some("refsync/1"),
        };
        let expected = [
            "0012command=fetch\n0014agent=refsync/1\n0017object-format=sha1\n0001",
            "000ethin-pack\n0010no-progress\n0010include-tag\n000eofs-delta\n0012wait-for-done\n",
            &format!(
                "0035shallow {}\n000ddeepen 7\n0015filter blob:none\n",
                "d".repeat(40)
            ),
            &format!("0032want {}\n001dwant-ref refs/heads/main\n", "a".repeat(40)),
            &format!(
                "0032have {}\n0032have {}\n0009done\n0000",
                "b".repeat(40),
                "c".repeat(40)
            ),
        ];
        assert_eq!(text(&request), expected.concat());
    }

    #[test]
    fn what_is_not_asked_for_is_not_sent() {
        assert_eq!(text(&FetchRequest::default()), "0012command=fetch\n00010000");
    }

    #[test]
    fn an_id_adds_the_length_that_is_told() {
        for (format, digits) in [(ObjectFormat::Sha1, 40), (ObjectFormat::Sha256, 64)] {
            let ids = [crate::parse_oid("a".repeat(digits).as_bytes()).unwrap(); 2];
            let length = |ids| {
                FetchRequest {
                    haves: ids,
                    object_format: format,
                    ..Default::default()
                }
                .encode()
                .len()
            };
            assert_eq!(
                length(&ids) - length(&ids[..1]),
                FetchRequest::encoded_len_per_oid(format)
            );
        }
    }
}
