//! The log of a run: a part of it at a time, with a link to each line, searched on the server.

use serde::Deserialize;
use store::run::LogLine;

use crate::api::model::run::Run;
use crate::app::App;
use crate::ops;
use crate::web::session::Session;
use crate::web::show::counted;
use crate::web::trouble::Trouble;

/// Lines of a page.
const LINES: usize = 500;

/// Lines that are read at a time.
const READ: u32 = 1_000;

/// The most lines that a log has.
const MOST: usize = 20_000;

/// Which part of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    /// From this line; a run that goes on shows its end.
    from: String,
    /// Only lines with these words.
    search: String,
}

/// A part of a log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) lines: Vec<Line>,
    pub(super) search: String,
    /// What is shown of it, where that is not all.
    pub(super) said: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// New lines go to its end.
    pub(super) grows: bool,
}

/// A line of it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    /// Where it is: on this page, or on the page of its part.
    pub(super) href: String,
    pub(super) exact: String,
    pub(super) clock: String,
    pub(super) level: String,
    pub(super) text: String,
}

/// Reads the part that is asked for.
pub(super) async fn part(app: &App, session: &Session, run: &Run, asked: &Asked) -> Result<Log, Trouble> {
    let mut lines = Vec::new();
    loop {
        let after = lines.last().map_or(0, |line: &LogLine| line.number);
        let more = ops::runs::log(app, &session.caller, &run.id, after, READ).await?;
        let end = more.len() < READ as usize;
        lines.extend(more);
        if end || lines.len() >= MOST {
            break;
        }
    }
    Ok(cut(run, lines, asked))
}

fn cut(run: &Run, lines: Vec<LogLine>, asked: &Asked) -> Log {
    let search = asked.search.trim();
    if !search.is_empty() {
        return found(run, lines, search);
    }
    let page = |from: usize| format!("/runs/{}?from={from}#log-title", run.id);
    let total = lines.len();
    let over = run.state.is_over();
    let first = match asked.from.parse::<usize>() {
        Ok(from) => from.clamp(1, total.max(1)),
        Err(_) if over => 1,
        Err(_) => total.saturating_sub(LINES) + 1,
    };
    let last = (first + LINES - 1).min(total);
    Log {
        said: (first > 1 || last < total).then(|| format!("lines {first} to {last} of {total}")),
        before: (first > 1).then(|| page(first.saturating_sub(LINES).max(1))),
        after: (last < total).then(|| page(last + 1)),
        grows: !over && last == total,
        lines: lines
            .into_iter()
            .skip(first - 1)
            .take(LINES)
            .map(|line| Line::new(line, None))
            .collect(),
        search: String::new(),
    }
}

fn found(run: &Run, lines: Vec<LogLine>, search: &str) -> Log {
    let words = search.to_lowercase();
    let mut found: Vec<LogLine> = lines
        .into_iter()
        .filter(|line| line.text.to_lowercase().contains(&words))
        .collect();
    let total = found.len();
    found.truncate(LINES);
    let said = match total > LINES {
        true => format!("the first {LINES} of {}", counted(total as u64, "line")),
        false => format!("{} found", counted(total as u64, "line")),
    };
    Log {
        lines: found
            .into_iter()
            .map(|line| Line::new(line, Some(&run.id)))
            .collect(),
        search: search.to_owned(),
        said: Some(said),
        before: None,
        after: None,
        grows: false,
    }
}

impl Line {
    /// `elsewhere` is the run whose whole log has it, if this is a part without its neighbours.
    fn new(line: LogLine, elsewhere: Option<&str>) -> Self {
        let line = ops::show::log_line(line);
        let exact = line.at.to_string();
        let number = line.number;
        Self {
            number,
            href: match elsewhere {
                Some(run) => format!("/runs/{run}?from={}#L{number}", number.saturating_sub(5).max(1)),
                None => format!("#L{number}"),
            },
            // The time of RFC 3339, without its day and zone.
            clock: exact.get(11..23).unwrap_or_default().to_owned(),
            exact,
            level: line.level,
            text: line.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use store::Time;

    use super::*;
    use crate::api::model::run::RunState;
    use crate::output::fixtures::run;

    fn lines(count: u32) -> Vec<LogLine> {
        (1..=count)
            .map(|number| LogLine {
                number,
                at: Time(0),
                level: "info".into(),
                text: format!("Line {number} of many"),
            })
            .collect()
    }

    fn asked(from: &str, search: &str) -> Asked {
        Asked {
            from: from.into(),
            search: search.into(),
        }
    }

    #[test]
    fn a_long_log_is_shown_in_parts_that_lead_to_each_other() {
        let run = run();
        let first = cut(&run, lines(1_200), &asked("", ""));
        assert_eq!((first.lines.len(), first.lines[0].number), (500, 1));
        assert_eq!(first.said.as_deref(), Some("lines 1 to 500 of 1200"));
        assert!(first.before.is_none() && first.after.unwrap().contains("from=501"));
        let last = cut(&run, lines(1_200), &asked("1001", ""));
        assert_eq!((last.lines.len(), last.lines[199].number), (200, 1_200));
        assert!(last.before.unwrap().contains("from=501") && last.after.is_none());
        let short = cut(&run, lines(3), &asked("", ""));
        assert!(short.said.is_none() && !short.grows);
        assert!(cut(&run, Vec::new(), &asked("7", "")).lines.is_empty());
    }

    #[test]
    fn a_run_that_goes_on_shows_the_end_of_its_log() {
        let run = Run {
            state: RunState::Running,
            ..run()
        };
        let log = cut(&run, lines(1_200), &asked("", ""));
        assert_eq!(log.lines[499].number, 1_200);
        assert!(log.grows);
        assert!(!cut(&run, lines(1_200), &asked("1", "")).grows);
    }

    #[test]
    fn what_is_found_leads_to_its_place_in_the_whole_log() {
        let log = cut(&run(), lines(1_200), &asked("", " line 12 OF "));
        assert_eq!(log.lines.len(), 1);
        assert!(
            log.lines[0].href.ends_with("?from=7#L12"),
            "{}",
            log.lines[0].href
        );
        assert_eq!(log.said.as_deref(), Some("1 line found"));
    }
}
