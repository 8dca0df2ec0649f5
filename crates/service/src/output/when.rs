//! Times as people say them: "3 minutes ago".

use std::time::Duration;

use jiff::Timestamp;

use super::grid::Cell;
use super::screen::Screen;
use super::summary::human_time;
use crate::api::model::Moment;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;
const YEAR: i64 = 365 * DAY;

/// A moment of the API.
pub(crate) fn timestamp(moment: Moment) -> Timestamp {
    Timestamp::from_millisecond(moment.0.0).unwrap_or(Timestamp::MAX)
}

/// How long ago a moment was; programs get it as the API writes it.
pub(crate) fn ago(moment: Moment, screen: &Screen) -> Cell {
    Cell::new(relative(timestamp(moment), screen.now())).raw(moment.to_string())
}

/// The same, short.
pub(crate) fn short_ago(moment: Moment, screen: &Screen) -> Cell {
    Cell::new(age(timestamp(moment), screen.now())).raw(moment.to_string())
}

/// How long ago a moment was, if there is one.
pub(crate) fn ago_if(moment: Option<Moment>, screen: &Screen) -> Cell {
    moment.map_or_else(Cell::default, |moment| ago(moment, screen))
}

/// How long ago something was, or how long it is until then: `just now`, `3 minutes ago`, `in 2 days`.
pub(crate) fn relative(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - then.as_second();
    let said = amount(seconds.abs(), Unit::word);
    match seconds {
        -1..=1 => "just now".to_owned(),
        2.. => format!("{said} ago"),
        _ => format!("in {said}"),
    }
}

/// The same in as little space as possible: `3m`, `2d`, as an age in a table.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_second() - then.as_second()).max(0);
    amount(seconds, Unit::letter)
}

/// How long something lasts already: `3 minutes`.
pub(crate) fn for_how_long(since: Moment, screen: &Screen) -> String {
    let seconds = screen.now().as_second() - timestamp(since).as_second();
    amount(seconds.max(0), Unit::word)
}

/// A length of time: `5 minutes`, `90 seconds`.
pub(crate) fn span(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let (count, unit) = match seconds {
        _ if seconds % DAY == 0 => (seconds / DAY, Unit::Day),
        _ if seconds % HOUR == 0 => (seconds / HOUR, Unit::Hour),
        _ if seconds % MINUTE == 0 => (seconds / MINUTE, Unit::Minute),
        _ => (seconds, Unit::Second),
    };
    unit.word(count)
}

/// How long something took, from and to given times: `0.4 s`.
pub(crate) fn took(from: Timestamp, to: Timestamp) -> String {
    let milliseconds = to.as_millisecond() - from.as_millisecond();
    human_time(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl Unit {
    fn word(self, count: i64) -> String {
        let word = match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        };
        format!("{count} {word}{}", if count == 1 { "" } else { "s" })
    }

    fn letter(self, count: i64) -> String {
        let letter = match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Month => "mo",
            Self::Year => "y",
        };
        format!("{count}{letter}")
    }
}

fn amount(seconds: i64, said: impl Fn(Unit, i64) -> String) -> String {
    match seconds {
        ..MINUTE => said(Unit::Second, seconds),
        MINUTE..HOUR => said(Unit::Minute, seconds / MINUTE),
        HOUR..DAY => said(Unit::Hour, seconds / HOUR),
        DAY..MONTH => said(Unit::Day, seconds / DAY),
        MONTH..YEAR => said(Unit::Month, seconds / MONTH),
        _ => said(Unit::Year, seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + seconds).unwrap()
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = |ago: i64| relative(at(-ago), at(0));
        assert_eq!(said(0), "just now");
        assert_eq!(said(2), "2 seconds ago");
        assert_eq!(said(60), "1 minute ago");
        assert_eq!(said(3 * MINUTE + 59), "3 minutes ago");
        assert_eq!(said(HOUR), "1 hour ago");
        assert_eq!(said(47 * HOUR), "1 day ago");
        assert_eq!(said(45 * DAY), "1 month ago");
        assert_eq!(said(800 * DAY), "2 years ago");
        assert_eq!(said(-5 * MINUTE), "in 5 minutes");
    }

    #[test]
    fn an_age_is_short_and_never_negative() {
        assert_eq!(age(at(-90), at(0)), "1m");
        assert_eq!(age(at(-40 * DAY), at(0)), "1mo");
        assert_eq!(age(at(5), at(0)), "0s");
    }

    #[test]
    fn a_length_of_time_is_exact() {
        let said = [300, 90, 3_600, 172_800].map(span);
        assert_eq!(said, ["5 minutes", "90 seconds", "1 hour", "2 days"]);
    }

    #[test]
    fn what_something_took_is_told_with_its_unit() {
        assert_eq!(took(at(0), at(125)), "2 min 5 s");
        assert_eq!(took(at(5), at(0)), "0.00 s");
    }
}
