//! The log of a run: a part of it at a time, with a link to each line, searched on the server.

use serde::Deserialize;
use store::run::LogLine;

use crate::api::model::run::Run;
use crate::app::App;
use crate::ops;
use crate::web::pages::rows::cut_to;
use crate::web::show::counted;
use crate::web::trouble::Trouble;

/// Lines of a page: with them it stays under 100 kB.
const LINES: u32 = 100;

/// The most characters of a line that are shown: the API has the rest of one that is longer.
const LONGEST: usize = 1_000;

/// Lines that are read at a time.
const READ: u32 = 1_000;

/// The most lines that are searched: more than a log has.
const MOST: u32 = 20_000;

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

/// Reads the part that is asked for of a log with that last line, and no more; all of it for a search alone.
pub(super) async fn part(
    app: &App,
    stored: &store::run::Run,
    run: &Run,
    end: u32,
    asked: &Asked,
) -> Result<Log, Trouble> {
    let words = asked.search.trim();
    if words.is_empty() {
        let window = Window::of(run, end, &asked.from);
        let lines = ops::runs::log(app, stored, window.first - 1, LINES).await?;
        return Ok(window.log(run, lines));
    }
    let mut search = Search::new(words);
    let mut last = 0;
    loop {
        let lines = ops::runs::log(app, stored, last, READ).await?;
        let is_end = lines.len() < READ as usize;
        last = lines.last().map_or(last, |line| line.number);
        search.look(lines);
        if is_end || last >= MOST {
            return Ok(search.log(run));
        }
    }
}

/// The lines of a page among all, which are numbered from 1 without a gap.
struct Window {
    first: u32,
    last: u32,
    total: u32,
}

impl Window {
    fn of(run: &Run, total: u32, from: &str) -> Self {
        let first = match from.parse::<u32>() {
            Ok(from) => from.clamp(1, total.max(1)),
            Err(_) if run.state.is_over() => 1,
            Err(_) => total.saturating_sub(LINES) + 1,
        };
        Self {
            first,
            last: first.saturating_add(LINES - 1).min(total),
            total,
        }
    }

    fn log(&self, run: &Run, lines: Vec<LogLine>) -> Log {
        let Self { first, last, total } = *self;
        let page = |from: u32| format!("/runs/{}?from={from}#log-title", run.id);
        Log {
            said: (first > 1 || last < total).then(|| format!("lines {first} to {last} of {total}")),
            before: (first > 1).then(|| page(first.saturating_sub(LINES).max(1))),
            after: (last < total).then(|| page(last + 1)),
            grows: !run.state.is_over() && last == total,
            // What came since the end was asked for comes with the news.
            lines: lines
                .into_iter()
                .filter(|line| line.number <= last)
                .map(|line| Line::new(line, None))
                .collect(),
            search: String::new(),
        }
    }
}

/// A search: the first lines with the words, and how many there are.
struct Search {
    words: String,
    found: Vec<LogLine>,
    total: usize,
}

impl Search {
    fn new(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            found: Vec::new(),
            total: 0,
        }
    }

    fn look(&mut self, lines: Vec<LogLine>) {
        let words = self.words.to_lowercase();
        for line in lines {
            if !line.text.to_lowercase().contains(&words) {
                continue;
            }
            self.total += 1;
            if self.found.len() < LINES as usize {
                self.found.push(line);
            }
        }
    }

    fn log(self, run: &Run) -> Log {
        let found = counted(self.total as u64, "line");
        let said = match self.total > self.found.len() {
            true => format!("the first {LINES} of {found}"),
            false => format!("{found} found"),
        };
        Log {
            lines: self
                .found
                .into_iter()
                .map(|line| Line::new(line, Some(&run.id)))
                .collect(),
            search: self.words,
            said: Some(said),
            ..Log::default()
        }
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
            text: cut_to(&line.text, LONGEST),
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

    /// The page of a log with so many lines.
    fn page(run: &Run, count: u32, from: &str) -> Log {
        let window = Window::of(run, count, from);
        let read = lines(count).into_iter().skip(window.first as usize - 1);
        window.log(run, read.take(LINES as usize).collect())
    }

    #[test]
    fn a_long_log_is_shown_in_parts_that_lead_to_each_other() {
        let run = run();
        let first = page(&run, 500, "");
        assert_eq!((first.lines.len(), first.lines[0].number), (100, 1));
        assert_eq!(first.said.as_deref(), Some("lines 1 to 100 of 500"));
        assert!(first.before.is_none() && first.after.unwrap().contains("from=101"));
        let last = page(&run, 500, "401");
        assert_eq!((last.lines.len(), last.lines[99].number), (100, 500));
        assert!(last.before.unwrap().contains("from=301") && last.after.is_none());
        let short = page(&run, 3, "");
        assert!(short.said.is_none() && !short.grows);
        assert!(page(&run, 0, "7").lines.is_empty());
    }

    #[test]
    fn a_run_that_goes_on_shows_the_end_of_its_log() {
        let run = Run {
            state: RunState::Running,
            ..run()
        };
        let log = page(&run, 1_200, "");
        assert_eq!(log.lines[99].number, 1_200);
        assert!(log.grows);
        assert!(!page(&run, 1_200, "1").grows);
    }

    #[test]
    fn what_is_found_leads_to_its_place_in_the_whole_log() {
        let search = |words: &str| {
            let mut search = Search::new(words);
            search.look(lines(1_200));
            search.log(&run())
        };
        let log = search("line 12 OF");
        assert_eq!(log.lines.len(), 1);
        assert!(
            log.lines[0].href.ends_with("?from=7#L12"),
            "{}",
            log.lines[0].href
        );
        assert_eq!(log.said.as_deref(), Some("1 line found"));
        let many = search("many");
        assert_eq!(many.lines.len(), 100);
        assert_eq!(many.said.as_deref(), Some("the first 100 of 1200 lines"));
    }

    #[test]
    fn a_line_that_would_be_the_whole_page_is_cut() {
        let mut long = lines(1);
        long[0].text = "x".repeat(4_000);
        let run = run();
        let log = Window::of(&run, 1, "").log(&run, long);
        assert_eq!(log.lines[0].text.chars().count(), LONGEST + 1);
    }
}
