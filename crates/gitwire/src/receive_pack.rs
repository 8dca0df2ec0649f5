//! What is sent to a receive-pack: gitprotocol-pack(5) "Reference Update Request and Packfile Transfer".

mod command;

pub use command::{Command, CommandError, Lease};

use crate::capabilities::Capabilities;
use crate::line::agent_value;
use crate::oid::ObjectFormat;
use crate::pktline::{MAX_DATA_LEN, write_data, write_flush};
use crate::report::ReportVersion;
use crate::sideband::SideBand;

/// What a push would like to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PushWish {
    /// All references or none.
    pub atomic: bool,
    /// There are push options to hand over.
    pub push_options: bool,
    /// The receiver need not tell of its progress.
    pub quiet: bool,
}

/// What a push asks for, out of what the receiver offers, and what else it should know of the receiver.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushCapabilities {
    /// How the receiver reports.
    pub report: ReportVersion,
    /// Whether the report comes in a side-band, with messages beside it.
    pub side_band: SideBand,
    /// All references or none: wished and offered. Where it was wished and is `false`, the receiver cannot.
    pub atomic: bool,
    /// Push options are sent: wished and offered.
    pub push_options: bool,
    /// The receiver does not tell of its progress: wished and offered.
    pub quiet: bool,
    /// The pack may hold deltas that name their base by its place.
    pub ofs_delta: bool,
    /// The pack must be whole, not thin.
    pub no_thin: bool,
    /// The receiver deletes references.
    pub delete_refs: bool,
    /// The hash function of the repository.
    pub object_format: ObjectFormat,
    /// Whether the receiver has the capability `object-format`.
    pub takes_object_format: bool,
    /// Whether the receiver has the capability `agent`.
    pub takes_agent: bool,
}

impl PushCapabilities {
    /// What both sides can do. An object format that is not known counts as sha1 here: the greeting refuses it before.
    pub fn choose(offered: &Capabilities, wish: PushWish) -> Self {
        Self {
            report: match () {
                () if offered.has("report-status-v2") => ReportVersion::V2,
                () if offered.has("report-status") => ReportVersion::V1,
                () => ReportVersion::None,
            },
            side_band: if offered.has("side-band-64k") {
                SideBand::Large
            } else {
                SideBand::None
            },
            atomic: wish.atomic && offered.has("atomic"),
            push_options: wish.push_options && offered.has("push-options"),
            quiet: wish.quiet && offered.has("quiet"),
            ofs_delta: offered.has("ofs-delta"),
            no_thin: offered.has("no-thin"),
            delete_refs: offered.has("delete-refs"),
            object_format: offered.object_format().unwrap_or_default(),
            takes_object_format: offered.has("object-format"),
            takes_agent: offered.has("agent"),
        }
    }

    fn list(&self, agent: Option<&str>) -> String {
        let flags = [
            self.report.capability(),
            self.side_band.capability(),
            self.quiet.then_some("quiet"),
            self.atomic.then_some("atomic"),
            self.push_options.then_some("push-options"),
        ];
        let mut list: String = flags.iter().flatten().flat_map(|word| [" ", word]).collect();
        if self.takes_object_format {
            list.push_str(" object-format=");
            list.push_str(self.object_format.name());
        }
        if let (true, Some(agent)) = (self.takes_agent, agent) {
            list.push_str(" agent=");
            list.push_str(&agent_value(agent));
        }
        list
    }
}

/// Why a text is no push option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushOptionError {
    /// It holds a newline or a NUL byte.
    #[error("a push option is one line of text")]
    NotALine,
    /// It is longer than a packet.
    #[error("a push option has at most {MAX_DATA_LEN} bytes")]
    TooLong,
}

/// Checks a push option before it may go to [`encode_commands`].
pub fn check_push_option(option: &str) -> Result<(), PushOptionError> {
    match option {
        _ if option.len() > MAX_DATA_LEN => Err(PushOptionError::TooLong),
        _ if option.contains(['\n', '\0']) => Err(PushOptionError::NotALine),
        _ => Ok(()),
    }
}

/// The commands with the capabilities, a flush packet, and where [`PushCapabilities::push_options`] holds the options
/// with theirs. If [`needs_pack`], the pack follows.
///
/// # Panics
///
/// If a push option is longer than a packet: [`check_push_option`] refuses it before.
pub fn encode_commands(
    commands: &[Command],
    caps: &PushCapabilities,
    push_options: &[String],
    agent: Option<&str>,
) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let mut line = format!("{} {} ", command.old_id(), command.new_id()).into_bytes();
        line.extend_from_slice(command.name().as_bytes());
        if index == 0 {
            line.push(0);
            line.extend_from_slice(caps.list(agent).as_bytes());
        }
        write_data(&mut out, &line);
    }
    write_flush(&mut out);
    if caps.push_options {
        for option in push_options {
            write_data(&mut out, option.as_bytes());
        }
        write_flush(&mut out);
    }
    out
}

/// Whether a pack follows the commands: always, unless all of them delete. If the receiver has all objects it is the
/// [`empty_pack`].
pub fn needs_pack(commands: &[Command]) -> bool {
    commands.iter().any(|command| !command.is_delete())
}

/// A pack of no objects, as in gitformat-pack(5).
pub fn empty_pack(format: ObjectFormat) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02\0\0\0\0".to_vec();
    let mut hasher = gix_hash::hasher(format.kind());
    hasher.update(&pack);
    let trailer = hasher
        .try_finalize()
        .expect("twelve fixed bytes are no collision attack");
    pack.extend_from_slice(trailer.as_slice());
    pack
}

#[cfg(test)]
mod tests;
