//! A strip of the last 24 hours.

use std::fmt::Write;

use store::Time;
use store::run::{HourOfRuns, State};

use super::{HOUR, class};

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

/// The last 24 hours, a cell for each: the gravest state of the runs in it.
pub(in crate::web) fn strip(hours: &[&HourOfRuns], now: Time) -> String {
    let mut cells: [Option<State>; 24] = [None; 24];
    let mut counts = [0_u64; 24];
    for hour in hours {
        let Some(index) = usize::try_from(now.0 / HOUR - hour.hour)
            .ok()
            .and_then(|back| 23_usize.checked_sub(back))
        else {
            continue;
        };
        counts[index] += hour.count;
        if cells[index].is_none_or(|state| gravity(hour.state) > gravity(state)) {
            cells[index] = Some(hour.state);
        }
    }
    let said = match counts.iter().sum::<u64>() {
        0 => "no runs in the last 24 hours".to_owned(),
        1 => "1 run in the last 24 hours".to_owned(),
        count => format!("{count} runs in the last 24 hours"),
    };
    let mut svg = format!(
        r#"<svg class="strip" width="143" height="18" viewBox="0 0 143 18" role="img" aria-label="{said}">"#
    );
    for (index, cell) in cells.iter().enumerate() {
        let x = index * 6;
        let class = cell.map_or(String::new(), |state| format!(r#" class="{}""#, class(state)));
        let title = match (23 - index, counts[index]) {
            (_, 0) => String::new(),
            (0, count) => format!("<title>{count} in the last hour</title>"),
            (hours, count) => format!("<title>{count}, {hours} h ago</title>"),
        };
        let _ = write!(
            svg,
            r#"<rect x="{x}" width="5" height="18" rx="1"{class}>{title}</rect>"#
        );
    }
    svg + "</svg>"
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
            svg.contains(r#"aria-label="6 runs in the last 24 hours""#),
            "{svg}"
        );
        assert!(svg.contains(r#"<rect x="138" width="5" height="18" rx="1" class="succeeded">"#));
        assert!(
            svg.contains(r#"<rect x="120" width="5" height="18" rx="1" class="failed"><title>5, 3 h ago"#)
        );
    }
}
