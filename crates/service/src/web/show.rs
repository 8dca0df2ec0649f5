//! How values are shown on pages: times, lengths, sizes, words. Everything that comes from outside goes through
//! [`crate::output::names::visible`] or `sanitize` before it is here, and through the templates' escaping after.

use std::time::Duration;

use store::Time;

use crate::api::model::Moment;
use crate::output::names::visible;
use crate::output::when::relative;

/// A time: exact, and as people say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    /// RFC 3339, UTC.
    pub(super) exact: String,
    /// `3 minutes ago`.
    pub(super) ago: String,
}

impl When {
    /// Of a time, seen from `now`.
    pub(super) fn of(time: Time, now: Time) -> Self {
        Self {
            exact: Moment(time).to_string(),
            ago: ago(time, now),
        }
    }
}

/// `3 minutes ago`, `in 2 hours`, `just now`: the same words as in `refsync.js`.
pub(super) fn ago(time: Time, now: Time) -> String {
    let stamp = |time: Time| jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    relative(stamp(time), stamp(now))
}

/// A length of time in at most six characters: `430 ms`, `2.1 s`, `12 min`, `3 h`, `4 d`.
pub(super) fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86400),
    }
}

/// How long something has lasted: `data-since` of a page, which the script counts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lasting {
    /// Its begin, RFC 3339, UTC.
    pub(super) exact: String,
    /// See [`length`].
    pub(super) length: String,
}

impl Lasting {
    /// What began then, seen from `now`.
    pub(super) fn since(time: Time, now: Time) -> Self {
        Self {
            exact: Moment(time).to_string(),
            length: length(between(time, now)),
        }
    }
}

/// The time between two.
pub(super) fn between(from: Time, to: Time) -> Duration {
    Duration::from_millis(u64::try_from(to.0 - from.0).unwrap_or_default())
}

/// `1 reference`, `2 references`.
pub(super) fn counted(count: u64, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// Several lines of somebody else's, without control characters but for the ends of lines.
pub(super) fn visible_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| visible(line.replace('\t', "    ").as_bytes()))
        .collect();
    lines.join("\n")
}

/// At most so many bytes of a text; if that is not all, with where the rest is.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let end = text.floor_char_boundary(most);
    match text.len() > end {
        true => format!("{}\n… the API has the rest", &text[..end]),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines_and_what_deceives_is_spelt_out() {
        assert_eq!(
            visible_lines("a\tb\r\nc\u{202e}d\u{1b}[31m"),
            "a    b\nc\\u{202e}d\\u{1b}[31m"
        );
    }

    #[test]
    fn a_long_text_ends_where_a_character_does() {
        assert_eq!(beginning("aéb", 4), "aéb");
        assert_eq!(beginning("aéb", 2), "a\n… the API has the rest");
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!(length(Duration::from_millis(43)), "43 ms");
        assert_eq!(length(Duration::from_millis(2_140)), "2.1 s");
        assert_eq!(length(Duration::from_secs(750)), "12 min");
        assert_eq!(length(Duration::from_secs(4 * 86400)), "4 d");
    }
}
