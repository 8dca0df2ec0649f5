//! A strip of the last 24 hours.

use std::fmt::Write;

use store::Time;
use store::run::{HourOfRuns, State};

use super::{HOUR, class};
use crate::web::show::counted;

/// How much a state matters: of several runs in one cell the gravest is shown.
fn gravity(state: State) -> u8 {
    match state {
        State::Cancelled => 0,
        State::Succeeded => 1,
        State::Queued | State::Running => 2,
        State::Refused => 3,
        State::Held => 4,
        State::Failed => 5,
    }
}

/// Runs that ended alike.
struct Counted {
    class: &'static str,
    gravity: u8,
    runs: u64,
}

/// Cells of the strip.
const CELLS: usize = 24;

/// The last 24 hours, a cell for each: the gravest state of the runs in it. As short as it can be written, since a page has many.
pub(in crate::web) fn strip(hours: &[&HourOfRuns], now: Time) -> String {
    let mut cells: [Option<State>; CELLS] = [None; CELLS];
    let mut counts: Vec<Counted> = Vec::new();
    for hour in hours {
        let Some(cell) = usize::try_from(now.0 / HOUR - hour.hour)
            .ok()
            .and_then(|back| (CELLS - 1).checked_sub(back))
        else {
            continue;
        };
        let class = class(hour.state);
        match counts.iter_mut().find(|one| one.class == class) {
            Some(one) => one.runs += hour.count,
            None => counts.push(Counted {
                class,
                gravity: gravity(hour.state),
                runs: hour.count,
            }),
        }
        if cells[cell].is_none_or(|state| gravity(hour.state) > gravity(state)) {
            cells[cell] = Some(hour.state);
        }
    }
    counts.sort_by_key(|one| std::cmp::Reverse(one.gravity));
    let mut svg = format!(
        r#"<svg class="strip" viewBox="0 0 143 18" role="img"><title>{}</title>"#,
        said(&counts)
    );
    for one in &counts {
        let mut path = String::new();
        for cell in (0..CELLS).filter(|cell| cells[*cell].is_some_and(|is| class(is) == one.class)) {
            let _ = write!(path, "M{}.5 0v18", cell * 6 + 2);
        }
        if !path.is_empty() {
            let _ = write!(svg, r#"<path class="{}" d="{path}"/>"#, one.class);
        }
    }
    svg + "</svg>"
}

/// `12 runs in the last 24 hours: 1 failed, 11 succeeded`.
fn said(counts: &[Counted]) -> String {
    let total: u64 = counts.iter().map(|one| one.runs).sum();
    if total == 0 {
        return "no runs in the last 24 hours".to_owned();
    }
    let each: Vec<String> = counts
        .iter()
        .map(|one| format!("{} {}", one.runs, one.class))
        .collect();
    format!(
        "{} in the last 24 hours: {}",
        counted(total, "run"),
        each.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_000 * HOUR);

    #[test]
    fn the_gravest_run_of_an_hour_colours_its_cell() {
        let hour = |back: i64, state, count| HourOfRuns {
            mirror: "app".into(),
            hour: 1_000 - back,
            state,
            count,
        };
        let hours = [
            hour(0, State::Succeeded, 1),
            hour(3, State::Failed, 1),
            hour(3, State::Succeeded, 4),
            hour(30, State::Failed, 1),
        ];
        let svg = strip(&hours.iter().collect::<Vec<_>>(), NOW);
        assert!(
            svg.contains("<title>6 runs in the last 24 hours: 1 failed, 5 succeeded</title>"),
            "{svg}"
        );
        assert!(
            svg.contains(r#"<path class="succeeded" d="M140.5 0v18"/>"#),
            "{svg}"
        );
        assert!(svg.contains(r#"<path class="failed" d="M122.5 0v18"/>"#), "{svg}");
    }

    #[test]
    fn a_full_strip_is_short() {
        let hours: Vec<HourOfRuns> = (0..24)
            .map(|back| HourOfRuns {
                mirror: "app".into(),
                hour: 1_000 - back,
                state: State::Succeeded,
                count: 60,
            })
            .collect();
        let svg = strip(&hours.iter().collect::<Vec<_>>(), NOW);
        assert!(svg.len() < 600, "{}: {svg}", svg.len());
    }
}
