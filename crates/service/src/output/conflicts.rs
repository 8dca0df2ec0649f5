//! Conflicts: the list, and one of them.

use super::grid::{Cell, Column, Fit, Grid};
use super::names::shell_word;
use super::screen::Screen;
use super::style::Tone;
use super::view::{Mark, View};
use super::when::{ago, short_ago};
use crate::api::model::Side;
use crate::api::model::conflict::Conflict;

/// Whose conflicts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Of several mirrors, which are named.
    All,
    /// Of one mirror.
    OneMirror,
}

/// How many digits of a value tell it from others.
const DIGITS: usize = 7;

/// The list.
pub(crate) fn list(conflicts: &[Conflict], screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.grid(&grid(conflicts, Of::All, screen));
    if let Some(first) = conflicts.first() {
        view.gap().next(&format!(
            "to look at one and decide: refsync conflict view {}",
            words(first)
        ));
    }
    view.text()
}

/// What to say where there are none.
pub(crate) fn none(screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.say(None, "No conflicts: no reference waits for a decision.");
    view.text()
}

/// The list's columns and rows.
pub(crate) fn grid(conflicts: &[Conflict], of: Of, screen: &Screen) -> Grid {
    let mut columns = vec![
        Column::new("REFERENCE").fit(Fit::Middle).least(16),
        Column::new("SOURCE"),
        Column::new("TARGET"),
        Column::new("BASE").spare(1),
        Column::new("SINCE").right(),
    ];
    if of == Of::All {
        columns.insert(0, Column::new("MIRROR").fit(Fit::Middle));
    }
    let mut grid = Grid::new(columns);
    for conflict in conflicts {
        let mut row = vec![
            Cell::new(&conflict.reference).tone(Tone::Bad),
            value(conflict.source.as_deref()),
            value(conflict.target.as_deref()),
            base(conflict).tone(Tone::Quiet),
            short_ago(conflict.since, screen),
        ];
        if of == Of::All {
            row.insert(0, Cell::new(&conflict.mirror));
        }
        grid.row(row);
    }
    grid
}

fn base(conflict: &Conflict) -> Cell {
    match conflict.base.as_deref() {
        Some(id) => value(Some(id)),
        None => Cell::new("not known"),
    }
}

/// A value of a reference, abbreviated for people.
pub(crate) fn value(id: Option<&str>) -> Cell {
    match id {
        Some(id) => Cell::new(id.get(..DIGITS).unwrap_or(id)).raw(id),
        None => Cell::new("absent").tone(Tone::Quiet),
    }
}

/// One conflict, and the ways out of it.
pub(crate) fn view(conflict: &Conflict, screen: &Screen) -> String {
    const MARK: Mark = Mark {
        symbol: "!",
        tone: Tone::Bad,
        word: "conflict",
    };
    let mut view = View::new(screen);
    view.headline(
        MARK,
        &conflict.reference,
        &format!("conflict in {}", conflict.mirror),
    )
    .say(None, &conflict.text)
    .gap()
    .field_if(
        "Mirror",
        (!screen.is_terminal()).then_some(conflict.mirror.as_str()),
    )
    .field("Source", conflict.source.as_deref().unwrap_or("absent"))
    .field("Target", conflict.target.as_deref().unwrap_or("absent"))
    .field("Base", conflict.base.as_deref().unwrap_or("not known"))
    .field("Since", ago(conflict.since, screen))
    .field("Seen by", format!("run {}", conflict.run));
    if screen.is_terminal() {
        let resolve = format!("refsync conflict resolve {}", words(conflict));
        view.gap().say(Some(Tone::Title), "Ways out");
        for side in &conflict.choices {
            view.verbatim(&format!("{resolve} --take {side}"));
        }
        if conflict.choices.len() > 1 && conflict.source.is_some() && conflict.target.is_some() {
            view.verbatim(&format!("{resolve} --keep both --prefer source"));
        }
        view.next(match conflict.choices.as_slice() {
            [Side::Source] => "Writes are leased on the values above. It goes by itself once the target has the source's value.",
            _ => "Writes are leased on the values above. It goes by itself once both sides agree.",
        });
    }
    view.text()
}

/// Mirror and reference as words of a command.
fn words(conflict: &Conflict) -> String {
    let reference = shell_word(conflict.reference.as_bytes()).unwrap_or_else(|| "REFERENCE".into());
    format!("{} {reference}", conflict.mirror)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::{conflict, now};

    #[test]
    fn a_list_names_mirror_reference_and_both_values() {
        let list = list(&[conflict()], &Screen::plain(80, now()));
        insta::assert_snapshot!(list, @"
        MIRROR  REFERENCE        SOURCE   TARGET   BASE     SINCE
        app     refs/heads/main  a1b2c3d  b1b2c3d  c1b2c3d     2h

        to look at one and decide: refsync conflict view app refs/heads/main
        ");
    }

    #[test]
    fn one_is_shown_whole_with_the_ways_out() {
        insta::assert_snapshot!(view(&conflict(), &Screen::plain(80, now())), @"
        ! refs/heads/main · conflict in app
        both sides changed

          Source   a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4
          Target   b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4
          Base     c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4
          Since    2 hours ago
          Seen by  run 019a0b1c-2d3e-7000-8000-000000000001

        Ways out
          refsync conflict resolve app refs/heads/main --take source
          refsync conflict resolve app refs/heads/main --take target
          refsync conflict resolve app refs/heads/main --keep both --prefer source
        Writes are leased on the values above. It goes by itself once both sides agree.
        ");
    }

    #[test]
    fn a_one_way_mirror_has_one_way_out() {
        let conflict = Conflict {
            choices: vec![Side::Source],
            ..conflict()
        };
        let text = view(&conflict, &Screen::plain(80, now()));
        assert!(
            text.contains("--take source") && !text.contains("--take target") && !text.contains("--keep"),
            "{text}"
        );
    }
}
