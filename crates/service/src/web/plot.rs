//! Pictures drawn on the server, as SVG: nothing but numbers and words of ours goes into them.

use std::fmt::Write;
use std::time::Duration;

use store::Time;
use store::run::{HourOfRuns, State};

use super::show::length;

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// What of a run the pictures need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// When it began.
    pub(super) at: Time,
    /// How it ended.
    pub(super) state: State,
    /// From the first sight of the oldest change to the end, if it wrote anything.
    pub(super) lag: Option<Duration>,
}

/// The class that colours a state.
fn class(state: State) -> &'static str {
    match state {
        State::Succeeded => "succeeded",
        State::Refused => "refused",
        State::Held => "held",
        State::Failed => "failed",
        State::Cancelled => "cancelled",
        State::Queued | State::Running => "running",
    }
}

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
pub(super) fn strip(hours: &[&HourOfRuns], now: Time) -> String {
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
pub(super) fn lag(marks: &[Mark], now: Time) -> String {
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
pub(super) fn outcomes(marks: &[Mark], now: Time) -> String {
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

/// The stages of a run, drawn to scale, one below the other.
pub(super) fn timeline(stages: &[(String, u64)], state: State) -> String {
    let total: u64 = stages.iter().map(|stage| stage.1).sum::<u64>().max(1);
    let height = stages.len() * 26 + 4;
    let said: Vec<String> = stages
        .iter()
        .map(|(name, ms)| format!("{} {}", word(name), length(Duration::from_millis(*ms))))
        .collect();
    let mut svg = format!(
        r#"<svg class="timeline" viewBox="0 0 720 {height}" role="img" aria-label="{}">"#,
        said.join(", ")
    );
    let mut before = 0;
    for (index, (name, ms)) in stages.iter().enumerate() {
        let (left, room) = (90.0, 520.0);
        let from = left + room * before as f64 / total as f64;
        let width = (room * *ms as f64 / total as f64).max(2.0);
        let last = index + 1 == stages.len();
        let class = if last { class(state) } else { "succeeded" };
        let y = index * 26 + 4;
        let _ = write!(
            svg,
            r#"<text class="strong" x="0" y="{base}">{name}</text><rect class="fill-{class}" x="{from:.1}" y="{y}" width="{width:.1}" height="18" rx="3"/><text x="{after:.1}" y="{base}">{took}</text>"#,
            base = y + 13,
            name = word(name),
            after = from + width + 6.0,
            took = length(Duration::from_millis(*ms)),
        );
        before += ms;
    }
    svg + "</svg>"
}

/// A stage's name, if it is one: nothing else goes into a picture.
fn word(name: &str) -> &str {
    if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        name
    } else {
        "stage"
    }
}

/// How two values came apart: the base, and how many commits lie on either side. `None` where it is not known.
pub(super) fn divergence(base: Option<&str>, source: Branch<'_>, target: Branch<'_>) -> String {
    let mut svg = String::from(r#"<svg viewBox="0 0 720 150" role="img" aria-label="#);
    let _ = write!(
        svg,
        r#""the source is {}, the target {}">"#,
        source.said(),
        target.said()
    );
    let known = base.is_some();
    let (start, y) = (if known { 120 } else { 40 }, [38, 112]);
    if let Some(base) = base {
        let _ = write!(
            svg,
            r#"<circle class="commit" cx="{start}" cy="75" r="7"/><text x="{start}" y="102" text-anchor="middle">base {base}</text>"#
        );
    }
    for (branch, y, word) in [(source, y[0], "source"), (target, y[1], "target")] {
        let shown = branch.commits.min(6);
        let end = start + 90 + shown.max(1) * 46;
        if known {
            let _ = write!(
                svg,
                r#"<path class="line" d="M{a} 75C{b} 75 {b} {y} {c} {y}H{end}"/>"#,
                a = start + 7,
                b = start + 45,
                c = start + 90,
            );
        } else {
            let _ = write!(svg, r#"<path class="line" d="M{start} {y}H{end}"/>"#);
        }
        for number in 1..=shown.max(1) {
            let tip = if number == shown.max(1) { " tip" } else { "" };
            let _ = write!(
                svg,
                r#"<circle class="commit{tip}" cx="{}" cy="{y}" r="6"/>"#,
                start + 90 + number * 46
            );
        }
        let _ = write!(
            svg,
            r#"<text class="strong" x="{x}" y="{ty}">{word} {value}</text><text x="{x}" y="{by}">{said}</text>"#,
            x = end + 14,
            ty = y + 1,
            by = y + 16,
            value = branch.value,
            said = branch.said(),
        );
    }
    svg + "</svg>"
}

/// One side of a divergence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch<'a> {
    /// The short value, in hexadecimal digits, or `absent`.
    pub(super) value: &'a str,
    /// Commits since the base.
    pub(super) commits: usize,
    /// There are more than were read.
    pub(super) more: bool,
    /// They could be read.
    pub(super) known: bool,
}

impl Branch<'_> {
    fn said(&self) -> String {
        match (self.known, self.commits, self.more) {
            (false, ..) => "not read".to_owned(),
            (_, 1, false) => "1 commit ahead".to_owned(),
            (_, count, false) => format!("{count} commits ahead"),
            (_, count, true) => format!("more than {count} commits ahead"),
        }
    }
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

    #[test]
    fn no_text_from_outside_gets_into_a_picture() {
        let svg = timeline(
            &[("<script>".to_owned(), 5), ("relay".to_owned(), 10)],
            State::Failed,
        );
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains(r#"class="fill-failed""#));
    }

    #[test]
    fn stages_are_drawn_to_scale() {
        let svg = timeline(
            &[("observe".to_owned(), 100), ("relay".to_owned(), 300)],
            State::Succeeded,
        );
        assert!(
            svg.contains(r#"width="130.0""#) && svg.contains(r#"width="390.0""#),
            "{svg}"
        );
    }

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

    #[test]
    fn a_divergence_says_how_far_each_side_went() {
        let side = |value, commits| Branch {
            value,
            commits,
            more: false,
            known: true,
        };
        let svg = divergence(Some("1a2b3c4"), side("9f8e7d6", 2), side("5a5b5c5", 1));
        assert!(
            svg.contains("base 1a2b3c4") && svg.contains("2 commits ahead") && svg.contains("1 commit ahead")
        );
        assert_eq!(svg.matches("<circle").count(), 4);
    }
}
