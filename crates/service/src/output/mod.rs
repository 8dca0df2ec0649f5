//! What `refsync sync` says: the result on standard output, everything about the way there on standard error.

use std::io::Write;

pub(crate) mod again;
mod aside;
pub(crate) mod by_hand;
pub(crate) mod checks;
pub(crate) mod conflicts;
pub(crate) mod deliveries;
pub(crate) mod drift;
pub(crate) mod explained;
#[cfg(test)]
mod fixture;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod format;
pub(crate) mod grid;
pub(crate) mod hints;
pub(crate) mod json;
pub(crate) mod marks;
pub(crate) mod mirrors;
pub(crate) mod names;
pub(crate) mod progress;
pub(crate) mod runs;
pub(crate) mod screen;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod tokens;
pub(crate) mod trace;
pub(crate) mod trial;
pub(crate) mod view;
pub(crate) mod watching;
pub(crate) mod when;
pub(crate) mod width;
mod yaml;

pub(crate) use aside::Aside;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors and refusals only.
    Quiet,
    /// What changed.
    Normal,
    /// Also what did not, and how long each step took.
    Verbose,
    /// Also the packet lines.
    Packets,
}

/// Writes a result to standard output.
///
/// # Errors
///
/// When it cannot be written. A reader that closed its end early, such as `head`, has what it wants.
pub(crate) fn result(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
