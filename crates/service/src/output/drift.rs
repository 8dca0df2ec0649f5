//! The drift report: every reference that differs between the two sides of a mirror.

use super::conflicts::value;
use super::grid::{Cell, Column, Fit, Grid};
use super::marks;
use super::screen::Screen;
use super::style::Tone;
use super::summary::grouped;
use super::view::View;
use super::when::{ago, short_ago};
use crate::api::model::reference::{Drift, ReferenceState};

/// Of how many mirrors reports are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The one that was named.
    One,
    /// One of several: where no line for people names it, each reference does.
    Several,
}

/// The report.
pub(crate) fn report(drift: &Drift, of: Of, wide: bool, screen: &Screen) -> String {
    let mut view = View::new(screen);
    if !drift.references.is_empty() {
        let named = of == Of::Several && !screen.is_terminal();
        view.grid(&grid(drift, named, wide, screen)).gap();
    }
    let any = |state| drift.references.iter().any(|reference| reference.state == state);
    let mark = marks::reference(match is_drifted(drift) {
        _ if any(ReferenceState::Conflict) => ReferenceState::Conflict,
        true => ReferenceState::Behind,
        false if drift.unsure.is_some() => ReferenceState::Behind,
        false => ReferenceState::InSync,
    });
    if screen.is_terminal() {
        view.say(Some(mark.tone), &format!("{} {}", mark.symbol, summary(drift)));
        let seen = if drift.live {
            "Both sides were just looked at.".to_owned()
        } else {
            format!(
                "As the last runs saw it, told {}; --live looks at both sides now.",
                ago(drift.at, screen).plain_for_people()
            )
        };
        view.next(&seen);
        if drift.cut {
            view.next("There are more references that differ than are listed here.");
        }
        advice(&mut view, drift);
        if of == Of::Several {
            view.gap();
        }
    }
    view.text()
}

/// Whether a person or a run has to do anything: what is the target's own, and deletions that are not mirrored, are as they should be.
pub(crate) fn is_drifted(drift: &Drift) -> bool {
    drift.cut
        || drift.references.iter().any(|reference| {
            !matches!(
                reference.state,
                ReferenceState::InSync | ReferenceState::Deletion | ReferenceState::TargetOnly
            )
        })
}

fn grid(drift: &Drift, named: bool, wide: bool, screen: &Screen) -> Grid {
    let mut columns = vec![
        Column::new(""),
        Column::new("REFERENCE").fit(Fit::Middle).least(24),
        Column::new("SOURCE"),
        Column::new("TARGET"),
        Column::new("STATE").fit(Fit::End).least(16),
        Column::new("SINCE").right(),
    ];
    if wide {
        columns.extend([Column::new("BASE"), Column::new("RUN"), Column::new("WHY")]);
    }
    if named {
        columns.insert(1, Column::new("MIRROR"));
    }
    let mut grid = Grid::new(columns);
    for reference in &drift.references {
        let mark = marks::reference(reference.state);
        let id = |id: &Option<String>| {
            if wide {
                id.as_deref().map_or_else(|| value(None), Cell::from)
            } else {
                value(id.as_deref())
            }
        };
        let mut row = vec![
            mark.cell(),
            Cell::new(&reference.name),
            id(&reference.source),
            id(&reference.target),
            Cell::new(mark.word).tone(mark.tone),
            reference
                .since
                .map_or_else(Cell::default, |since| short_ago(since, screen))
                .tone(Tone::Quiet),
        ];
        if wide {
            row.extend([
                reference.base.as_deref().map_or_else(Cell::default, Cell::from),
                Cell::new(reference.run.as_deref().unwrap_or_default()),
                Cell::new(reference.text.as_deref().unwrap_or_default()),
            ]);
        }
        if named {
            row.insert(1, Cell::new(&drift.mirror));
        }
        grid.row(row);
    }
    grid
}

/// `3 differ (2 conflicts, …), 1,204 in sync`.
fn summary(drift: &Drift) -> String {
    let mut counts = std::collections::BTreeMap::<ReferenceState, u64>::new();
    for reference in &drift.references {
        *counts.entry(reference.state).or_default() += 1;
    }
    let equal = drift.in_sync + counts.remove(&ReferenceState::InSync).unwrap_or(0);
    let mut said: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{} {}", grouped(*count), marks::reference(*state).word))
        .collect();
    // What the last runs saw need not have been all of it: none is no news then.
    if equal > 0 || drift.live || said.is_empty() {
        said.push(format!("{} in sync", grouped(equal)));
    }
    format!("{}: {}", drift.mirror, said.join(", "))
}

fn advice(view: &mut View<'_>, drift: &Drift) {
    let any = |state| drift.references.iter().any(|reference| reference.state == state);
    let name = &drift.mirror;
    if any(ReferenceState::Conflict) {
        view.next(&format!("to decide: refsync conflict view {name} REFERENCE"));
    }
    if any(ReferenceState::Held) {
        view.next(&format!(
            "to release what is held: refsync run list --mirror {name} --state held"
        ));
    }
    if any(ReferenceState::Behind) {
        view.next(&format!("to bring it over now: refsync mirror run {name} --wait"));
    }
    if any(ReferenceState::Rejected) || any(ReferenceState::Refused) {
        view.next("why it is not written: -o wide");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::{drift, drifting, now};

    #[test]
    fn each_reference_has_both_values_its_state_and_since_when() {
        let drift = drift(&[
            drifting("refs/heads/main", ReferenceState::Behind),
            drifting("refs/heads/release/2026.11", ReferenceState::Conflict),
            drifting("refs/heads/old", ReferenceState::Deletion),
            drifting("refs/heads/own", ReferenceState::TargetOnly),
        ]);
        insta::assert_snapshot!(report(&drift, Of::One, false, &Screen::plain(80, now())), @"
           REFERENCE                   SOURCE   TARGET   STATE                  SINCE
        *  refs/heads/main             a1b2c3d  b1b2c3d  behind                    2h
        !  refs/heads/release/2026.11  a1b2c3d  b1b2c3d  conflict                  2h
        -  refs/heads/old              absent   b1b2c3d  deletion not mirrored     2h
        +  refs/heads/own              absent   b1b2c3d  on the target alone       2h

        ! app: 1 behind, 1 conflict, 1 deletion not mirrored, 1 on the target alone,
        1,204 in sync
        As the last runs saw it, told just now; --live looks at both sides now.
        to decide: refsync conflict view app REFERENCE
        to bring it over now: refsync mirror run app --wait
        ");
        insta::assert_snapshot!(report(&drift, Of::One, true, &Screen::plain(80, now()).endless()), @"
           REFERENCE                   SOURCE                                    TARGET                                    STATE                  SINCE  BASE                                      RUN                                   WHY
        *  refs/heads/main             a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4  b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4  behind                    2h  c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4  019a0b1c-2d3e-7000-8000-000000000001  in words
        !  refs/heads/release/2026.11  a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4  b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4  conflict                  2h  c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4  019a0b1c-2d3e-7000-8000-000000000001  in words
        -  refs/heads/old              absent                                    b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4  deletion not mirrored     2h  c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4  019a0b1c-2d3e-7000-8000-000000000001  in words
        +  refs/heads/own              absent                                    b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4  on the target alone       2h  c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4c1b2c3d4  019a0b1c-2d3e-7000-8000-000000000001  in words

        ! app: 1 behind, 1 conflict, 1 deletion not mirrored, 1 on the target alone, 1,204 in sync
        As the last runs saw it, told just now; --live looks at both sides now.
        to decide: refsync conflict view app REFERENCE
        to bring it over now: refsync mirror run app --wait
        ");
        insta::assert_snapshot!(report(&drift, Of::One, false, &Screen::pipe(now())), @"
        behind	refs/heads/main	a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4	b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4	behind	2026-11-21T07:00:00.000Z
        conflict	refs/heads/release/2026.11	a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4	b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4	conflict	2026-11-21T07:00:00.000Z
        deletion not mirrored	refs/heads/old	absent	b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4	deletion not mirrored	2026-11-21T07:00:00.000Z
        on the target alone	refs/heads/own	absent	b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4	on the target alone	2026-11-21T07:00:00.000Z
        ");
        assert!(is_drifted(&drift));
    }

    #[test]
    fn what_is_as_it_should_be_is_no_drift() {
        let own = drift(&[
            drifting("refs/heads/own", ReferenceState::TargetOnly),
            drifting("refs/heads/old", ReferenceState::Deletion),
        ]);
        assert!(!is_drifted(&own));
        assert!(is_drifted(&Drift { cut: true, ..own }));
        insta::assert_snapshot!(report(&drift(&[]), Of::One, false, &Screen::plain(80, now())), @"
        ✓ app: 1,204 in sync
        As the last runs saw it, told just now; --live looks at both sides now.
        ");
    }
}
