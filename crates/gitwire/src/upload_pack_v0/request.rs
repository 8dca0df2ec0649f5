//! What is asked for.

use crate::capabilities::Capabilities;
use crate::fetch::write_ids;
use crate::line::agent_value;
use crate::oid::{ObjectFormat, Oid};
use crate::pktline::{write_flush, write_line};
use crate::sideband::SideBand;

/// How the server acknowledges haves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AckMode {
    /// One `ACK` for the first common object, then silence.
    #[default]
    Single,
    /// `multi_ack`: `ACK … continue` for every common object.
    Multi,
    /// `multi_ack_detailed`: `common`, then `ready` when the server has enough.
    Detailed,
}

impl AckMode {
    fn capability(self) -> Option<&'static str> {
        match self {
            Self::Single => None,
            Self::Multi => Some("multi_ack"),
            Self::Detailed => Some("multi_ack_detailed"),
        }
    }
}

/// What to ask for with the first want, out of what the server offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct V0Capabilities {
    /// How haves are acknowledged.
    pub ack: AckMode,
    /// How the pack and messages are told apart.
    pub side_band: SideBand,
    /// Deltas may build on objects that are not in the pack. The caller clears it where the pack must be whole.
    pub thin: bool,
    /// Deltas may name their base by its place in the pack. The caller clears it where the receiver cannot.
    pub ofs_delta: bool,
    /// The server may send the pack once it said `ready`, without waiting for `done`. Servers offer it over HTTP only.
    pub no_done: bool,
    /// Send no messages about progress. Never chosen, for the caller to set where [`Self::can_omit_progress`].
    pub no_progress: bool,
    /// Whether the server offers `no-progress`.
    pub can_omit_progress: bool,
    /// Send annotated tags of what is sent along. Never chosen, for the caller to set if offered.
    pub include_tag: bool,
    /// The hash function of the repository.
    pub object_format: ObjectFormat,
    /// The name of this program, for the caller to set. Sent only if [`Self::takes_agent`].
    pub agent: Option<String>,
    /// Whether the server has the capability `agent`.
    pub takes_agent: bool,
}

impl V0Capabilities {
    /// The best of what is offered. An object format that is not known counts as sha1 here: the greeting refuses it
    /// before.
    pub fn choose(offered: &Capabilities) -> Self {
        Self {
            ack: match () {
                () if offered.has("multi_ack_detailed") => AckMode::Detailed,
                () if offered.has("multi_ack") => AckMode::Multi,
                () => AckMode::Single,
            },
            side_band: match () {
                () if offered.has("side-band-64k") => SideBand::Large,
                () if offered.has("side-band") => SideBand::Small,
                () => SideBand::None,
            },
            thin: offered.has("thin-pack"),
            ofs_delta: offered.has("ofs-delta"),
            no_done: offered.has("no-done") && offered.has("multi_ack_detailed"),
            no_progress: false,
            can_omit_progress: offered.has("no-progress"),
            include_tag: false,
            object_format: offered.object_format().unwrap_or_default(),
            agent: None,
            takes_agent: offered.has("agent"),
        }
    }

    /// The words for the first want, each after a space. `object-format` is not among them: the server's own is used,
    /// and git sends none here either.
    fn list(&self) -> String {
        let flags = [
            self.ack.capability(),
            self.no_done.then_some("no-done"),
            self.side_band.capability(),
            self.thin.then_some("thin-pack"),
            self.no_progress.then_some("no-progress"),
            self.include_tag.then_some("include-tag"),
            self.ofs_delta.then_some("ofs-delta"),
        ];
        let mut list: String = flags.iter().flatten().flat_map(|word| [" ", word]).collect();
        if let (true, Some(agent)) = (self.takes_agent, &self.agent) {
            list.push_str(" agent=");
            list.push_str(&agent_value(agent));
        }
        list
    }
}

/// The wants with the capabilities, what limits the history, and a flush packet. Without wants it is a flush packet
/// alone, which says goodbye.
pub fn encode_wants(chosen: &V0Capabilities, wants: &[Oid], shallow: &[Oid], deepen: Option<u32>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some((first, others)) = wants.split_first() {
        write_line(&mut out, &format!("want {first}{}", chosen.list()));
        write_ids(&mut out, "want", others);
        write_ids(&mut out, "shallow", shallow);
        if let Some(depth) = deepen {
            write_line(&mut out, &format!("deepen {depth}"));
        }
    }
    write_flush(&mut out);
    out
}

/// How a round of haves ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Haves {
    /// With a flush packet: another round may follow.
    Flush,
    /// With `done`: the pack follows.
    Done,
}

/// A round of haves.
pub fn encode_haves(haves: &[Oid], end: Haves) -> Vec<u8> {
    let mut out = Vec::new();
    write_ids(&mut out, "have", haves);
    match end {
        Haves::Flush => write_flush(&mut out),
        Haves::Done => write_line(&mut out, "done"),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> Oid {
        crate::parse_oid(digit.repeat(40).as_bytes()).unwrap()
    }

    fn choose(list: &str) -> V0Capabilities {
        V0Capabilities::choose(&Capabilities::from_list(list.as_bytes()).unwrap())
    }

    #[test]
    fn the_best_of_what_is_offered_is_chosen() {
        let chosen = choose(
            "multi_ack thin-pack side-band side-band-64k ofs-delta no-progress multi_ack_detailed no-done agent=x",
        );
        assert_eq!(
            (chosen.ack, chosen.side_band),
            (AckMode::Detailed, SideBand::Large)
        );
        assert!(
            chosen.thin
                && chosen.ofs_delta
                && chosen.no_done
                && chosen.can_omit_progress
                && chosen.takes_agent
        );
        let chosen = choose("multi_ack side-band no-done");
        assert_eq!((chosen.ack, chosen.side_band), (AckMode::Multi, SideBand::Small));
        assert!(!chosen.thin && !chosen.ofs_delta && !chosen.no_done && !chosen.takes_agent);
        assert_eq!(choose(""), V0Capabilities::default());
    }

    #[test]
    fn the_first_want_carries_the_capabilities() {
        let mut chosen = choose(
            "multi_ack_detailed no-done side-band-64k thin-pack no-progress include-tag ofs-delta agent=x",
        );
        chosen.no_progress = true;
        chosen.include_tag = true;
        chosen.agent = Some("refsync/1 2".into());
        let list = "multi_ack_detailed no-done side-band-64k thin-pack no-progress include-tag ofs-delta agent=refsync/1.2";
        let first = format!("want {} {list}\n", "a".repeat(40));
        let expected = [
            format!("{:04x}{first}0032want {}\n", first.len() + 4, "b".repeat(40)),
            format!("0035shallow {}\n000ddeepen 3\n0000", "c".repeat(40)),
        ];
        let encoded = encode_wants(&chosen, &[id("a"), id("b")], &[id("c")], Some(3));
        assert_eq!(String::from_utf8(encoded).unwrap(), expected.concat());
    }

    #[test]
    fn without_capabilities_the_want_stands_alone() {
        let encoded = encode_wants(&V0Capabilities::default(), &[id("a")], &[], None);
        assert_eq!(
            String::from_utf8(encoded).unwrap(),
            format!("0032want {}\n0000", "a".repeat(40))
        );
        assert_eq!(
            encode_wants(&V0Capabilities::default(), &[], &[id("a")], None),
            b"0000"
        );
    }

    #[test]
    fn haves_end_in_a_flush_packet_or_in_done() {
        let have = format!("0032have {}\n", "a".repeat(40));
        assert_eq!(
            String::from_utf8(encode_haves(&[id("a")], Haves::Flush)).unwrap(),
            format!("{have}0000")
        );
        assert_eq!(
            String::from_utf8(encode_haves(&[id("a")], Haves::Done)).unwrap(),
            format!("{have}0009done\n")
        );
    }
}
