//! A list in columns that fits its terminal; in a pipe the same, separated by tabs, whole and without a header, as `gh` has it.

use super::names::visible;
use super::screen::Screen;
use super::style::Tone;
use super::width::{columns, cut_end, cut_middle, wrap};

/// What is between two columns on a terminal.
const GAP: usize = 2;
/// No column is cut below this, unless it says otherwise.
const NARROWEST: usize = 8;

/// What may be done with a column that takes too much room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It stays as it is.
    Whole,
    /// The middle of its texts may be left out: names and addresses.
    Middle,
    /// The end of its texts may be left out: sentences.
    End,
}

/// Which edge the texts of a column stand at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Left,
    Right,
}

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    title: &'static str,
    fit: Fit,
    edge: Edge,
    /// How narrow it may become.
    least: usize,
    /// How soon it is left out on a narrow terminal: the highest goes first, all of one rank together, and 0 stays.
    spare: u8,
}

impl Column {
    /// A column whose texts stay whole.
    pub(crate) fn new(title: &'static str) -> Self {
        Self {
            title,
            fit: Fit::Whole,
            edge: Edge::Left,
            least: NARROWEST,
            spare: 0,
        }
    }

    /// The same, whose texts may be cut.
    pub(crate) fn fit(self, fit: Fit) -> Self {
        Self { fit, ..self }
    }

    /// The same, for numbers.
    pub(crate) fn right(self) -> Self {
        Self {
            edge: Edge::Right,
            ..self
        }
    }

    /// The same, which is cut to so many columns, and no further.
    pub(crate) fn least(self, least: usize) -> Self {
        Self { least, ..self }
    }

    /// The same, which may be left out on a narrow terminal: the highest rank goes first, all columns of one rank together.
    pub(crate) fn spare(self, rank: u8) -> Self {
        Self { spare: rank, ..self }
    }
}

/// What is in one place of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    /// What programs get in its place.
    raw: Option<String>,
    tone: Option<Tone>,
}

impl Cell {
    /// Text; what is invisible or deceptive in it is shown as `\u{202e}`.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: visible(text.into().as_bytes()),
            raw: None,
            tone: None,
        }
    }

    /// The same in the colour of a tone.
    pub(crate) fn tone(self, tone: Tone) -> Self {
        Self {
            tone: Some(tone),
            ..self
        }
    }

    /// The same, with another text for programs.
    pub(crate) fn raw(self, raw: impl Into<String>) -> Self {
        Self {
            raw: Some(visible(raw.into().as_bytes())),
            ..self
        }
    }
}

impl Cell {
    /// As people see it, in lines of at most so many columns.
    pub(super) fn lines(&self, screen: &Screen, most: usize) -> Vec<String> {
        wrap(&self.text, most)
            .into_iter()
            .map(|line| match self.tone {
                Some(tone) => screen.paint(tone, &line),
                None => line,
            })
            .collect()
    }

    /// As people see it, without colour.
    pub(crate) fn plain_for_people(&self) -> &str {
        &self.text
    }

    /// As programs get it.
    pub(super) fn plain(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// A list.
#[derive(Debug)]
pub(crate) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Grid {
    /// A list without rows.
    pub(crate) fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
            indent: 0,
        }
    }

    /// The same, so many columns further right on a terminal.
    pub(crate) fn indent(self, indent: usize) -> Self {
        Self { indent, ..self }
    }

    /// Adds a row, with one cell for each column.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        let mut cells = cells.into();
        cells.resize_with(self.columns.len(), Cell::default);
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, each line with its line break.
    pub(crate) fn text(&self, screen: &Screen) -> String {
        match screen.width() {
            None => self.for_programs(),
            Some(width) => self.for_people(screen, width.saturating_sub(self.indent)),
        }
    }

    fn for_programs(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(Cell::plain).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        text
    }

    fn for_people(&self, screen: &Screen, width: usize) -> String {
        let layout = self.layout(width);
        let titles: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::new(column.title).tone(Tone::Quiet))
            .collect();
        let headed = self.columns.iter().any(|column| !column.title.is_empty());
        let header = headed.then_some(&titles);
        header
            .into_iter()
            .chain(&self.rows)
            .map(|row| self.line(row, &layout, screen) + "\n")
            .collect()
    }

    fn line(&self, row: &[Cell], layout: &[Option<usize>], screen: &Screen) -> String {
        let mut line = " ".repeat(self.indent);
        let mut owed = 0;
        for ((cell, column), width) in row.iter().zip(&self.columns).zip(layout) {
            let Some(width) = *width else { continue };
            let text = match column.fit {
                Fit::Whole => cell.text.clone(),
                Fit::Middle => cut_middle(&cell.text, width),
                Fit::End => cut_end(&cell.text, width),
            };
            let padding = width.saturating_sub(columns(&text));
            let (before, after) = match column.edge {
                Edge::Left => (0, padding),
                Edge::Right => (padding, 0),
            };
            if !text.is_empty() {
                // Spaces are written when something follows them, so that no line ends in any.
                line.push_str(&" ".repeat(owed + before));
                owed = 0;
                match cell.tone {
                    Some(tone) => line.push_str(&screen.paint(tone, &text)),
                    None => line.push_str(&text),
                }
                owed += after + GAP;
            } else {
                owed += before + after + GAP;
            }
        }
        line
    }

    /// The width of each column, `None` for one that is left out.
    fn layout(&self, width: usize) -> Vec<Option<usize>> {
        let natural = |index: usize| {
            self.rows
                .iter()
                .map(|row| columns(&row[index].text))
                .chain([columns(self.columns[index].title)])
                .max()
                .unwrap_or(0)
        };
        let mut layout: Vec<Option<usize>> = (0..self.columns.len())
            .map(|index| Some(natural(index)))
            .collect();
        loop {
            self.shrink(&mut layout, width);
            let rank = (0..layout.len())
                .filter(|index| layout[*index].is_some())
                .map(|index| self.columns[index].spare)
                .max()
                .unwrap_or(0);
            if rank == 0 || total(&layout) <= width {
                return layout;
            }
            layout = (0..layout.len())
                .map(|index| {
                    (layout[index].is_some() && self.columns[index].spare < rank).then(|| natural(index))
                })
                .collect();
        }
    }

    /// Takes from the widest column that may be cut until all fit, or until there is no more to take.
    fn shrink(&self, layout: &mut [Option<usize>], width: usize) {
        while total(layout) > width {
            let widest = (0..layout.len())
                .filter(|index| self.columns[*index].fit != Fit::Whole)
                .filter_map(|index| layout[index].map(|width| (width, index)))
                .filter(|(width, index)| {
                    let column = &self.columns[*index];
                    *width > column.least.max(columns(column.title))
                })
                .max_by_key(|(width, index)| (*width, usize::MAX - index));
            match widest {
                Some((now, index)) => layout[index] = Some(now - 1),
                None => return,
            }
        }
    }
}

fn total(layout: &[Option<usize>]) -> usize {
    let shown: Vec<usize> = layout.iter().flatten().copied().collect();
    shown.iter().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn list() -> Grid {
        let mut grid = Grid::new([
            Column::new("NAME").fit(Fit::Middle),
            Column::new("BEHIND").right(),
            Column::new("SOURCE").fit(Fit::Middle).spare(1),
        ]);
        grid.row([
            Cell::new("payments-ledger-service"),
            Cell::new("3m").raw("2026-11-21T09:00:00Z"),
            "https://git.example.com/pay/ledger.git".into(),
        ]);
        grid.row([Cell::new("app"), Cell::new("12m"), "".into()]);
        grid
    }

    fn on(width: usize) -> String {
        list().text(&Screen::plain(width, Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn a_wide_terminal_shows_everything() {
        insta::assert_snapshot!(on(120), @"
        NAME                     BEHIND  SOURCE
        payments-ledger-service      3m  https://git.example.com/pay/ledger.git
        app                         12m
        ");
    }

    #[test]
    fn a_narrower_one_leaves_out_the_middle_of_what_is_longest() {
        insta::assert_snapshot!(on(56), @"
        NAME                     BEHIND  SOURCE
        payments-ledger-service      3m  https://git…/ledger.git
        app                         12m
        ");
    }

    #[test]
    fn a_narrow_one_leaves_out_a_spare_column() {
        insta::assert_snapshot!(on(22), @"
        NAME            BEHIND
        payment…ervice      3m
        app                12m
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 16..120 {
            for line in on(width).lines() {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn hostile_texts_are_harmless_everywhere() {
        let mut grid = Grid::new([Column::new("NAME")]);
        grid.row([Cell::new("a\u{1b}[31m\tb\n").raw("\u{202e}\tc")]);
        assert!(
            on_screen(&grid).contains(r"a\u{1b}[31m\u{9}b\u{a}"),
            "{}",
            on_screen(&grid)
        );
        assert_eq!(
            grid.text(&Screen::pipe(Timestamp::UNIX_EPOCH)),
            "\\u{202e}\\u{9}c\n"
        );
    }

    fn on_screen(grid: &Grid) -> String {
        grid.text(&Screen::plain(80, Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn a_pipe_gets_whole_values_separated_by_tabs() {
        let text = list().text(&Screen::pipe(Timestamp::UNIX_EPOCH));
        assert_eq!(
            text,
            "payments-ledger-service\t2026-11-21T09:00:00Z\thttps://git.example.com/pay/ledger.git\napp\t12m\t\n"
        );
    }
}
