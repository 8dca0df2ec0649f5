//! What `refsync sync` says: the result on standard output, everything about the way there on standard error.

use std::io::Write;

use engine::error::Error;
use engine::report::Report;
use engine::side::Side;
use gitwire::message::sanitize;

pub(crate) mod again;
#[cfg(test)]
mod fixture;
pub(crate) mod hints;
pub(crate) mod json;
pub(crate) mod names;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod trace;

use style::{Palette, Tone};

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

/// Lines about a run that are no result: errors, hints and warnings, on standard error.
#[derive(Debug)]
pub(crate) struct Aside {
    palette: Palette,
}

impl Aside {
    /// On this process's standard error.
    pub(crate) fn new() -> Self {
        Self {
            palette: Palette::of(&std::io::stderr()),
        }
    }

    /// `error: …`, in one line.
    pub(crate) fn error(&self, text: &str) {
        self.line(Tone::Bad, "error:", text);
    }

    /// A fault of a side, and what to do about it.
    pub(crate) fn fault(&self, error: &Error) {
        self.error(&error.to_string());
        if let Some(advice) = error.advice() {
            self.hint(&advice);
        }
    }

    /// `hint: …`.
    pub(crate) fn hint(&self, text: &str) {
        self.line(Tone::Hint, "hint:", text);
    }

    /// `warning: …` about names that a side lists and git refuses.
    pub(crate) fn invalid_names(&self, report: &Report) {
        const NAMED: usize = 3;
        for side in [Side::Source, Side::Target] {
            let all: Vec<_> = report
                .invalid_names
                .iter()
                .filter(|(of, _)| *of == side)
                .collect();
            let Some(more) = all.len().checked_sub(1) else {
                continue;
            };
            let shown: Vec<String> = all
                .iter()
                .take(NAMED)
                .map(|(_, name)| names::visible(name))
                .collect();
            let more = match more.saturating_sub(NAMED - 1) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let text = format!(
                "the {side} lists names that git refuses, left out: {}{more}",
                shown.join(", ")
            );
            self.line(Tone::Hint, "warning:", &text);
        }
    }

    /// How long each step took.
    pub(crate) fn stages(&self, report: &Report) {
        for (stage, time) in &report.stages {
            self.line(
                Tone::Quiet,
                "stage:",
                &format!("{stage}, {}", summary::human_time(*time)),
            );
        }
    }

    /// A line without a word before it.
    pub(crate) fn plain(&self, text: &str) {
        self.write(&sanitize(text));
    }

    fn line(&self, tone: Tone, word: &str, text: &str) {
        self.write(&format!("{} {}", self.palette.paint(tone, word), sanitize(text)));
    }

    #[expect(clippy::unused_self, reason = "lines go through the one who knows the stream")]
    fn write(&self, line: &str) {
        // If nobody reads it, nobody misses it; the exit code says the same.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
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
