//! One thing, shown: a headline, its fields, lists below it, and what to do next.

use super::grid::{Cell, Grid};
use super::names::visible;
use super::screen::Screen;
use super::style::Tone;
use super::width::{columns, wrap};

/// How far fields and lists stand in.
const INDENT: usize = 2;

/// A text that grows from top to bottom.
#[derive(Debug)]
pub(crate) struct View<'a> {
    screen: &'a Screen,
    text: String,
    fields: Vec<(&'static str, Cell)>,
}

impl<'a> View<'a> {
    /// Nothing yet.
    pub(crate) fn new(screen: &'a Screen) -> Self {
        Self {
            screen,
            text: String::new(),
            fields: Vec::new(),
        }
    }

    /// `✓ app · in sync`: a mark, what it is, how it is.
    pub(crate) fn headline(&mut self, mark: Mark, title: &str, rest: &str) -> &mut Self {
        self.flush();
        if !self.screen.is_terminal() {
            return self.field("name", title).field("state", mark.word);
        }
        let title = self.screen.paint(Tone::Title, &visible(title.as_bytes()));
        self.text
            .push_str(&format!("{} {title}", mark.painted(self.screen)));
        if !rest.is_empty() {
            self.text.push_str(&format!(" · {}", visible(rest.as_bytes())));
        }
        self.text.push('\n');
        self
    }

    /// A line of text for people, broken where the terminal ends.
    pub(crate) fn say(&mut self, tone: Option<Tone>, text: &str) -> &mut Self {
        self.flush();
        if self.screen.is_terminal() {
            for line in wrap(
                &visible(text.as_bytes()),
                self.screen.width().unwrap_or(usize::MAX),
            ) {
                let line = match tone {
                    Some(tone) => self.screen.paint(tone, &line),
                    None => line,
                };
                self.text.push_str(&line);
                self.text.push('\n');
            }
        }
        self
    }

    /// A named value. Fields that follow each other are aligned.
    pub(crate) fn field(&mut self, name: &'static str, value: impl Into<Cell>) -> &mut Self {
        self.fields.push((name, value.into()));
        self
    }

    /// A named value, if there is one.
    pub(crate) fn field_if<T: Into<Cell>>(&mut self, name: &'static str, value: Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.field(name, value);
        }
        self
    }

    /// An empty line, for people.
    pub(crate) fn gap(&mut self) -> &mut Self {
        self.flush();
        if self.screen.is_terminal() && !self.text.is_empty() {
            self.text.push('\n');
        }
        self
    }

    /// A list under a title; nothing if it is empty.
    pub(crate) fn section(&mut self, title: &str, grid: Grid) -> &mut Self {
        if grid.is_empty() {
            return self;
        }
        self.gap();
        if self.screen.is_terminal() {
            self.text.push_str(&self.screen.paint(Tone::Title, title));
            self.text.push('\n');
        }
        self.text.push_str(&grid.indent(INDENT).text(self.screen));
        self
    }

    /// A list as it is.
    pub(crate) fn grid(&mut self, grid: &Grid) -> &mut Self {
        self.flush();
        self.text.push_str(&grid.text(self.screen));
        self
    }

    /// A text for people that stands so far in, broken where the terminal ends.
    pub(crate) fn note(&mut self, indent: usize, tone: Tone, text: &str) -> &mut Self {
        self.flush();
        let room = self
            .screen
            .width()
            .unwrap_or(usize::MAX)
            .saturating_sub(indent)
            .max(24);
        for line in wrap(&visible(text.as_bytes()), room) {
            self.text.push_str(&" ".repeat(indent));
            self.text.push_str(&self.screen.paint(tone, &line));
            self.text.push('\n');
        }
        self
    }

    /// A text behind something that takes so many columns; its further lines stand below its first.
    pub(crate) fn hanging(
        &mut self,
        before: &str,
        indent: usize,
        tone: Option<Tone>,
        text: &str,
    ) -> &mut Self {
        self.flush();
        let room = self
            .screen
            .width()
            .unwrap_or(usize::MAX)
            .saturating_sub(indent)
            .max(24);
        for (index, line) in wrap(&visible(text.as_bytes()), room).iter().enumerate() {
            if index == 0 {
                self.text.push_str(before);
            } else {
                self.text.push_str(&" ".repeat(indent));
            }
            match tone {
                Some(tone) => self.text.push_str(&self.screen.paint(tone, line)),
                None => self.text.push_str(line),
            }
            self.text.push('\n');
        }
        self
    }

    /// A command to type, or an output to be copied: never broken, harmless already.
    pub(crate) fn verbatim(&mut self, line: &str) -> &mut Self {
        self.flush();
        let indent = if self.screen.is_terminal() { INDENT } else { 0 };
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(&visible(line.as_bytes()));
        self.text.push('\n');
        self
    }

    /// What to do next, for people.
    pub(crate) fn next(&mut self, text: &str) -> &mut Self {
        self.say(Some(Tone::Quiet), text)
    }

    /// The whole text.
    pub(crate) fn text(mut self) -> String {
        self.flush();
        self.text
    }

    /// Writes the fields that were collected.
    fn flush(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        let Some(screen_width) = self.screen.width() else {
            for (name, value) in fields {
                let name = name.to_lowercase();
                self.text.push_str(&format!("{name}:\t{}\n", value.plain()));
            }
            return;
        };
        let widest = fields.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
        let start = INDENT + widest + 2;
        for (name, value) in fields {
            let mut title = self.screen.paint(Tone::Quiet, name);
            title.push_str(&" ".repeat(widest - columns(name) + 2));
            for (index, line) in value
                .lines(self.screen, screen_width.saturating_sub(start).max(24))
                .into_iter()
                .enumerate()
            {
                let before = if index == 0 {
                    format!("{}{title}", " ".repeat(INDENT))
                } else {
                    " ".repeat(start)
                };
                self.text.push_str(&format!("{before}{line}\n"));
            }
        }
    }
}

/// How something is, at a glance: a symbol of one column, a colour, a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// One column wide.
    pub(crate) symbol: &'static str,
    /// Its colour.
    pub(crate) tone: Tone,
    /// In a word or two.
    pub(crate) word: &'static str,
}

impl Mark {
    /// The symbol in its colour.
    pub(crate) fn painted(self, screen: &Screen) -> String {
        screen.paint(self.tone, self.symbol)
    }

    /// The symbol as a cell; programs get the word.
    pub(crate) fn cell(self) -> Cell {
        Cell::new(self.symbol).tone(self.tone).raw(self.word)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::grid::Column;
    use super::*;

    const FINE: Mark = Mark {
        symbol: "✓",
        tone: Tone::Good,
        word: "in sync",
    };

    fn shown(screen: &Screen) -> String {
        let mut grid = Grid::new([Column::new("REFERENCE"), Column::new("SINCE")]);
        grid.row(["refs/heads/main".into(), "3 minutes ago".into()]);
        let mut view = View::new(screen);
        view.headline(FINE, "app", "in sync")
            .say(None, "the app, both ways")
            .gap()
            .field("Source", "https://git.example.com/app.git")
            .field_if("Error", None::<&str>)
            .field("Labels", "a sentence that is too long for the line that it is on")
            .section("Conflicts", grid)
            .section("Nothing", Grid::new([Column::new("X")]))
            .gap()
            .next("see: refsync run list");
        view.text()
    }

    #[test]
    fn a_terminal_gets_a_page() {
        insta::assert_snapshot!(shown(&Screen::plain(44, Timestamp::UNIX_EPOCH)), @"
        ✓ app · in sync
        the app, both ways

          Source  https://git.example.com/app.git
          Labels  a sentence that is too long for
                  the line that it is on

        Conflicts
          REFERENCE        SINCE
          refs/heads/main  3 minutes ago

        see: refsync run list
        ");
    }

    #[test]
    fn a_pipe_gets_names_and_values() {
        insta::assert_snapshot!(shown(&Screen::pipe(Timestamp::UNIX_EPOCH)), @"
        name:	app
        state:	in sync
        source:	https://git.example.com/app.git
        labels:	a sentence that is too long for the line that it is on
        refs/heads/main	3 minutes ago
        ");
    }
}
