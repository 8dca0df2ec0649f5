//! Where a list or a view is shown: on a terminal of some width, or in a pipe for another program.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use jiff::Timestamp;

use super::style::{Palette, Tone};

/// The narrowest terminal that is taken seriously.
const NARROWEST: usize = 40;

/// What a list must know of where it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Whether and how there are colours.
    palette: Palette,
    /// The terminal's width in columns; `None` in a pipe, where nothing is cut and nothing is said for people alone.
    width: Option<usize>,
    /// What "ago" is measured from.
    now: Timestamp,
}

impl Screen {
    /// This process's standard output, now.
    pub(crate) fn of_stdout() -> Self {
        Self::of(&std::io::stdout())
    }

    /// This process's standard error, now.
    pub(crate) fn of_stderr() -> Self {
        Self::of(&std::io::stderr())
    }

    fn of(stream: &(impl IsTerminal + AsFd)) -> Self {
        let width = stream.is_terminal().then(|| {
            let columns = terminal_size::terminal_size_of(stream).map_or(80, |(width, _)| width.0);
            usize::from(columns).max(NARROWEST)
        });
        Self {
            palette: Palette::of(stream),
            width,
            now: Timestamp::now(),
        }
    }

    /// A terminal without colours, at a given time.
    #[cfg(test)]
    pub(crate) fn plain(width: usize, now: Timestamp) -> Self {
        Self {
            palette: Palette::Plain,
            width: Some(width),
            now,
        }
    }

    /// A pipe, at a given time.
    #[cfg(test)]
    pub(crate) fn pipe(now: Timestamp) -> Self {
        Self {
            palette: Palette::Plain,
            width: None,
            now,
        }
    }

    /// The same without an end to its lines, as `-o wide` wants it.
    pub(crate) fn endless(self) -> Self {
        Self {
            width: self.width.map(|_| usize::MAX),
            ..self
        }
    }

    /// The width in columns; `None` in a pipe.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether people look at it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.width.is_some()
    }

    /// The time that "ago" is measured from.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Text in the colour of its tone.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        self.palette.paint(tone, text).to_string()
    }
}
