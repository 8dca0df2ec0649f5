//! What a run does meanwhile, on standard error: bars on a terminal, a plain line now and then elsewhere.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::event::Event;
use engine::side::Side;

use super::Verbosity;
use super::style::{Palette, Tone};

mod bars;
mod plain;

use bars::Bars;
use plain::Plain;

/// How many remote messages are kept back by `-q` for the case that something fails.
const KEPT: usize = 50;

/// Shows events of a run. Cheap to clone: all clones share the screen.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    shared: Arc<Mutex<Shown>>,
}

#[derive(Debug)]
struct Shown {
    how: How,
    palette: Palette,
    /// Messages that were shown: a push that is tried again in halves would repeat them.
    said: HashSet<String>,
}

/// How many different messages are remembered.
const SAID: usize = 1000;

#[derive(Debug)]
enum How {
    /// Nothing, but what servers said is kept.
    Silent { kept: Vec<String> },
    /// Plain lines.
    Plain(Plain),
    /// Bars.
    Bars(Bars),
}

impl Progress {
    /// Progress as the verbosity and the terminal ask for. Packet lines (`-vv`) and bars would fight for the screen.
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        let stderr = std::io::stderr();
        let how = match verbosity {
            Verbosity::Quiet => How::Silent { kept: Vec::new() },
            Verbosity::Packets => How::Plain(Plain::new(Instant::now())),
            _ if stderr.is_terminal() => How::Bars(Bars::new()),
            _ => How::Plain(Plain::new(Instant::now())),
        };
        Self {
            shared: Arc::new(Mutex::new(Shown {
                how,
                palette: Palette::of(&stderr),
                said: HashSet::new(),
            })),
        }
    }

    /// Takes an event. Does not wait for anything but a terminal or a pipe to take a line.
    pub(crate) fn tell(&self, event: &Event) {
        let shown = &mut *self.lock();
        let palette = shown.palette;
        match (event, &mut shown.how) {
            (
                Event::Remote {
                    side,
                    line,
                    transient,
                },
                how,
            ) => match Remark::new(*side, line, *transient) {
                Remark::Message(text) if shown.said.contains(&text) => {}
                Remark::Message(text) => {
                    if shown.said.len() < SAID {
                        shown.said.insert(text.clone());
                    }
                    how.message(text);
                }
                Remark::Progress { last, text } => how.remote_progress(*side, text, last),
            },
            (Event::Warning(text), how) if !matches!(how, How::Silent { .. }) => {
                how.message(format!("{} {text}", palette.paint(Tone::Hint, "warning:")));
            }
            (event, How::Bars(bars)) => bars.tell(event),
            (event, How::Plain(plain)) => plain.tell(event, Instant::now()),
            (_, How::Silent { .. }) => {}
        }
    }

    /// To be called about once a second: plain progress is written then.
    pub(crate) fn tick(&self) {
        if let How::Plain(plain) = &mut self.lock().how
            && let Some(line) = plain.tick(Instant::now())
        {
            write_line(&line);
        }
    }

    /// Clears the screen of what is not for keeps. After a failure, says what was kept back.
    pub(crate) fn finish(&self, failed: bool) {
        match &mut self.lock().how {
            How::Bars(bars) => bars.clear(),
            How::Silent { kept } if failed => kept.drain(..).for_each(|line| write_line(&line)),
            How::Silent { .. } | How::Plain(_) => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        // What is shown stays usable if a thread panicked while it held the lock.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl How {
    /// A line to keep.
    fn message(&mut self, text: String) {
        match self {
            Self::Silent { kept } => {
                if kept.len() < KEPT {
                    kept.push(text);
                }
            }
            Self::Plain(_) => write_line(&text),
            Self::Bars(bars) => bars.println(&text),
        }
    }

    fn remote_progress(&mut self, side: Side, text: String, last: bool) {
        match self {
            Self::Silent { .. } => {}
            Self::Plain(plain) => plain.remote(text),
            Self::Bars(bars) => bars.remote(side, text, last),
        }
    }
}

/// A line of a server: its progress, or a message to people.
#[derive(Debug, PartialEq, Eq)]
enum Remark {
    Message(String),
    Progress {
        /// Whether it is the last of its kind, such as `Counting objects: 100% (3/3), done.`
        last: bool,
        text: String,
    },
}

impl Remark {
    fn new(side: Side, line: &str, transient: bool) -> Self {
        if transient || line.ends_with(", done.") || line.starts_with("Total ") {
            Self::Progress {
                last: !transient,
                text: format!("{side}: {line}"),
            }
        } else {
            Self::Message(format!("remote ({side}): {line}"))
        }
    }
}

/// A line on standard error. If nobody reads it, nobody misses it.
fn write_line(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Bytes a second over some time, as text; `None` while there is too little of it to tell.
fn rate(bytes: u64, time: Duration) -> Option<String> {
    let milliseconds = u64::try_from(time.as_millis())
        .ok()
        .filter(|milliseconds| *milliseconds >= 100)?;
    let per_second = bytes.saturating_mul(1000) / milliseconds;
    Some(format!("{}/s", super::summary::human_bytes(per_second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_of_a_server_is_told_from_its_messages() {
        let progress = |line: &str, transient| {
            matches!(
                Remark::new(Side::Source, line, transient),
                Remark::Progress { .. }
            )
        };
        assert!(progress("Counting objects:  40% (2/5)", true));
        assert!(progress("Counting objects: 100% (5/5), done.", false));
        assert!(progress(
            "Total 5 (delta 1), reused 0 (delta 0), pack-reused 0",
            false
        ));
        assert_eq!(
            Remark::new(Side::Target, "policy: no", false),
            Remark::Message("remote (target): policy: no".into())
        );
    }

    #[test]
    fn a_rate_needs_some_time() {
        assert_eq!(rate(1 << 20, Duration::from_millis(10)), None);
        assert_eq!(rate(3 << 20, Duration::from_secs(2)).unwrap(), "1.5 MiB/s");
    }
}
