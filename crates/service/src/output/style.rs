//! Colours, where a terminal shows them.

use std::fmt;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// New or moved.
    Good,
    /// Replaced by force.
    Forced,
    /// Refused or failed.
    Bad,
    /// Nothing happened.
    Quiet,
    /// Advice.
    Hint,
    /// A headline, or a command.
    Title,
}

/// Whether colours are used on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Palette {
    /// They are.
    Colours,
    /// They are not.
    Plain,
}

impl Palette {
    /// Colours on a terminal, unless `NO_COLOR` is set; also elsewhere, if `CLICOLOR_FORCE` is.
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        Self::decide(stream.is_terminal(), |name| std::env::var(name).ok())
    }

    fn decide(terminal: bool, look: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| look(name).filter(|value| !value.is_empty());
        let forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        if set("NO_COLOR").is_none() && (forced || (terminal && !dumb)) {
            Self::Colours
        } else {
            Self::Plain
        }
    }

    /// Text in the colour of its tone.
    pub(crate) fn paint<T: fmt::Display>(self, tone: Tone, text: T) -> Painted<T> {
        let style = match (self, tone) {
            (Self::Plain, _) => Style::new(),
            (_, Tone::Good) => AnsiColor::Green.on_default(),
            (_, Tone::Bad) => AnsiColor::Red.on_default(),
            (_, Tone::Title) => Style::new().bold(),
            (_, Tone::Quiet) => Style::new().dimmed(),
            (_, Tone::Forced | Tone::Hint) => AnsiColor::Yellow.on_default(),
        };
        Painted { style, text }
    }
}

/// Text with the escape sequences of its style around it.
#[derive(Debug)]
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}{}",
            self.style.render(),
            self.text,
            self.style.render_reset()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(terminal: bool, variables: &[(&str, &str)]) -> Palette {
        let look = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Palette::decide(terminal, look)
    }

    #[test]
    fn colours_are_for_terminals() {
        assert_eq!(decide(true, &[]), Palette::Colours);
        assert_eq!(decide(false, &[]), Palette::Plain);
        assert_eq!(decide(true, &[("TERM", "dumb")]), Palette::Plain);
    }

    #[test]
    fn no_color_and_clicolor_force_are_respected() {
        assert_eq!(decide(true, &[("NO_COLOR", "1")]), Palette::Plain);
        assert_eq!(decide(true, &[("NO_COLOR", "")]), Palette::Colours);
        assert_eq!(decide(false, &[("CLICOLOR_FORCE", "1")]), Palette::Colours);
        assert_eq!(decide(false, &[("CLICOLOR_FORCE", "0")]), Palette::Plain);
        assert_eq!(
            decide(true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]),
            Palette::Plain
        );
    }

    #[test]
    fn plain_text_has_no_escape_sequences() {
        assert_eq!(Palette::Plain.paint(Tone::Bad, "x").to_string(), "x");
        assert_eq!(
            Palette::Colours.paint(Tone::Bad, "x").to_string(),
            "\u{1b}[31mx\u{1b}[0m"
        );
    }
}
