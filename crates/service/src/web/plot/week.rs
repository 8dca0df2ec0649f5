//! The plots of a mirror's page: seven days of runs.

use std::fmt::Write;
use std::time::Duration;

use store::Time;
use store::run::State;

use super::{HOUR, class};
use crate::web::show::length;

/// What of a run the pictures need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) struct Mark {
    /// When it began.
    pub(in crate::web) at: Time,
    /// How it ended.
    pub(in crate::web) state: State,
    /// From the first sight of the oldest change to the end, if it wrote anything.
    pub(in crate::web) lag: Option<Duration>,
}

/// Size of the plots.
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 140.0;
const LEFT: f64 = 52.0;
const BOTTOM: f64 = 20.0;
const DAYS: i64 = 7;

/// Where a time lies on the plots' axis.
fn x(at: Time, now: Time) -> f64 {
    let span = (DAYS * 24 * HOUR) as f64;
    LEFT + (WIDTH - LEFT - 8.0) * (1.0 - (now.0 - at.0) as f64 / span).clamp(0.0, 1.0)
}

fn frame(svg: &mut String, now: Time, said: &str) {
    let _ = write!(
        svg,
        r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}"><path class="axis" fill="none" d="M{LEFT} 6V{y}H{right}"/>"#,
        y = HEIGHT - BOTTOM,
        right = WIDTH - 8.0,
    );
    for day in [0, 2, 4, 6] {
        let at = Time(now.0 - day * 24 * HOUR);
        let (word, anchor) = if day == 0 {
            ("now".to_owned(), "end")
        } else {
            (format!("{day} d ago"), "middle")
        };
        let _ = write!(
            svg,
            r#"<text x="{:.0}" y="{:.0}" text-anchor="{anchor}">{word}</text>"#,
            x(at, now),
            HEIGHT - 5.0
        );
    }
}

/// The lag of each run that wrote something, over seven days, on a logarithmic scale.
pub(in crate::web) fn lag(marks: &[Mark], now: Time) -> String {
    let dots: Vec<(Time, f64, State)> = marks
        .iter()
        .filter_map(|mark| Some((mark.at, mark.lag?.as_secs_f64().max(0.01), mark.state)))
        .collect();
    let most = dots.iter().map(|dot| dot.1).fold(1.0, f64::max);
    let top = most.log10().ceil().max(0.0);
    let y = |seconds: f64| {
        let share = (seconds.log10() + 2.0) / (top + 2.0);
        6.0 + (HEIGHT - BOTTOM - 6.0) * (1.0 - share.clamp(0.0, 1.0))
    };
    let mut svg = String::new();
    frame(
        &mut svg,
        now,
        &format!(
            "the lag of {} changes in seven days, at most {}",
            dots.len(),
            length(Duration::from_secs_f64(most))
        ),
    );
    let mut power = -2.0;
    while power <= top {
        let seconds = 10_f64.powf(power);
        let _ = write!(
            svg,
            r#"<text x="{:.0}" y="{:.0}" text-anchor="end">{}</text>"#,
            LEFT - 6.0,
            y(seconds) + 4.0,
            length(Duration::from_secs_f64(seconds))
        );
        power += if top > 2.0 { 2.0 } else { 1.0 };
    }
    for (at, seconds, state) in dots {
        let _ = write!(
            svg,
            r#"<circle class="fill-{}" cx="{:.1}" cy="{:.1}" r="3"><title>{}</title></circle>"#,
            class(state),
            x(at, now),
            y(seconds),
            length(Duration::from_secs_f64(seconds))
        );
    }
    svg + "</svg>"
}

/// Runs by outcome, over seven days, in bars of six hours.
pub(in crate::web) fn outcomes(marks: &[Mark], now: Time) -> String {
    const ORDER: [State; 5] = [
        State::Succeeded,
        State::Cancelled,
        State::Refused,
        State::Held,
        State::Failed,
    ];
    const BARS: usize = 28;
    let mut bars = [[0_u32; ORDER.len()]; BARS];
    for mark in marks {
        let Some(index) = usize::try_from((now.0 - mark.at.0) / (6 * HOUR))
            .ok()
            .and_then(|back| (BARS - 1).checked_sub(back))
        else {
            continue;
        };
        if let Some(kind) = ORDER.iter().position(|state| *state == mark.state) {
            bars[index][kind] += 1;
        }
    }
    let most = bars
        .iter()
        .map(|bar| bar.iter().sum::<u32>())
        .max()
        .unwrap_or(0)
        .max(1);
    let total: u32 = bars.iter().flatten().sum();
    let mut svg = String::new();
    frame(&mut svg, now, &format!("{total} runs in seven days, by outcome"));
    let _ = write!(
        svg,
        r#"<text x="{:.0}" y="14" text-anchor="end">{most}</text>"#,
        LEFT - 6.0
    );
    let step = (WIDTH - LEFT - 8.0) / BARS as f64;
    for (index, bar) in bars.iter().enumerate() {
        let mut floor = HEIGHT - BOTTOM;
        for (kind, count) in bar.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = (HEIGHT - BOTTOM - 6.0) * f64::from(*count) / f64::from(most);
            floor -= height;
            let _ = write!(
                svg,
                r#"<rect class="fill-{}" x="{:.1}" y="{floor:.1}" width="{:.1}" height="{height:.1}"><title>{count} {}</title></rect>"#,
                class(ORDER[kind]),
                LEFT + step * index as f64 + 1.0,
                step - 2.0,
                class(ORDER[kind]),
            );
        }
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(hours: i64, state: State) -> Mark {
        Mark {
            at: Time(1_000 * HOUR - hours * HOUR),
            state,
            lag: Some(Duration::from_millis(300)),
        }
    }

    const NOW: Time = Time(1_000 * HOUR);

    #[test]
    fn a_plot_without_runs_has_its_axes() {
        for svg in [lag(&[], NOW), outcomes(&[], NOW)] {
            assert!(svg.contains("class=\"axis\""), "{svg}");
        }
    }

    #[test]
    fn more_runs_make_higher_bars() {
        let svg = outcomes(
            &[
                mark(1, State::Succeeded),
                mark(2, State::Succeeded),
                mark(50, State::Failed),
            ],
            NOW,
        );
        assert!(svg.contains("<title>2 succeeded</title>"), "{svg}");
        assert!(svg.contains("<title>1 failed</title>"));
    }
}
