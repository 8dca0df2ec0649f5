//! What is said beside the result, on standard error.

use std::io::Write;

use bstr::BStr;
use engine::error::Error;
use engine::report::Report;
use engine::side::Side;
use gitwire::message::sanitize;

use super::names::visible;
use super::style::{Palette, Tone};
use super::summary::human_time;

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

    /// `warning: …`.
    pub(crate) fn warning(&self, text: &str) {
        self.line(Tone::Hint, "warning:", text);
    }

    /// `warning: …` about names that a side lists and git refuses.
    pub(crate) fn invalid_names(&self, report: &Report) {
        for side in [Side::Source, Side::Target] {
            if let Some(text) = left_out(side, report) {
                self.warning(&text);
            }
        }
    }

    /// How long each step took.
    pub(crate) fn stages(&self, report: &Report) {
        for (stage, time) in &report.stages {
            self.line(Tone::Quiet, "stage:", &format!("{stage}, {}", human_time(*time)));
        }
    }

    /// A line without a word before it.
    pub(crate) fn plain(&self, text: &str) {
        self.write(&sanitize(text));
    }

    /// Text that is harmless and has its colours and line breaks already.
    #[expect(clippy::unused_self, reason = "lines go through the one who knows the stream")]
    pub(crate) fn written(&self, text: &str) {
        // If nobody reads it, nobody misses it.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
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

/// What to say of the names of a side that git refuses, if it lists any.
fn left_out(side: Side, report: &Report) -> Option<String> {
    const NAMED: usize = 3;
    let all: Vec<&BStr> = report
        .invalid_names
        .iter()
        .filter(|(of, _)| *of == side)
        .map(|(_, name)| name.as_ref())
        .collect();
    let shown: Vec<String> = all.iter().take(NAMED).map(|name| visible(name)).collect();
    let more = match all.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!all.is_empty()).then(|| {
        format!(
            "the {side} lists names that git refuses, left out: {}{more}",
            shown.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::invalid_name;

    #[test]
    fn names_that_git_refuses_are_named_up_to_three() {
        let one = Report {
            invalid_names: vec![invalid_name()],
            ..Report::default()
        };
        assert_eq!(
            left_out(Side::Source, &one).unwrap(),
            r"the source lists names that git refuses, left out: refs/heads/a\u{1b}[31m\b"
        );
        assert_eq!(left_out(Side::Target, &one), None);
        let many = Report {
            invalid_names: vec![invalid_name(); 5],
            ..Report::default()
        };
        assert!(left_out(Side::Source, &many).unwrap().ends_with(" and 2 more"));
    }
}
