//! The last line of a run: how many references ended in which way, how many bytes went through, how long it took.

use std::time::Duration;

use engine::decide::{Lineage, Refusal};
use engine::report::{Outcome, Report};

/// The words of the summary, in the order in which they are said.
const WORDS: [&str; 14] = [
    "created",
    "updated",
    "forced",
    "deleted",
    "already there",
    "skipped",
    "conflict",
    "refused",
    "rejected",
    "lease lost",
    "not written",
    "unknown",
    "left alone",
    "up to date",
];

/// One line, such as `3 created, 1 refused, 9,631 up to date; 12.3 MiB in 0.4 s`.
pub(crate) fn summary(report: &Report, elapsed: Duration) -> String {
    let mut counts = [0; WORDS.len()];
    for reference in &report.references {
        let word = word(&reference.outcome);
        if let Some(at) = WORDS.iter().position(|other| *other == word) {
            counts[at] += 1;
        }
    }
    // The equal ones that were asked for by name are listed, the others only counted: both end the line.
    counts[WORDS.len() - 1] += report.in_sync;
    let said: Vec<String> = WORDS
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{} {word}", grouped(count)))
        .collect();
    let said = if said.is_empty() {
        "nothing in scope on either side".to_owned()
    } else {
        said.join(", ")
    };
    let bytes = if report.bytes > 0 {
        format!("{} ", human_bytes(report.bytes))
    } else {
        String::new()
    };
    let dry = if report.dry_run { " (dry run)" } else { "" };
    format!("{said}; {bytes}in {}{dry}", human_time(elapsed))
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::UpToDate => "up to date",
        Outcome::Created => "created",
        Outcome::Updated(Lineage::Descends) => "updated",
        Outcome::Updated(Lineage::Rewrites | Lineage::Unproven) => "forced",
        Outcome::Deleted => "deleted",
        Outcome::AlreadyThere => "already there",
        Outcome::DeletionSkipped => "skipped",
        Outcome::LeftAlone => "left alone",
        Outcome::Held => "held",
        Outcome::Standing => "waiting",
        Outcome::Refused(Refusal::Conflict) => "conflict",
        Outcome::Refused(_) => "refused",
        Outcome::Rejected(_) => "rejected",
        Outcome::LeaseLost { .. } => "lease lost",
        Outcome::NotWritten => "not written",
        Outcome::Unknown => "unknown",
    }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes as git writes it: `12.3 MiB`.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A time as people say it: `0.4 s`, `2 min 5 s`, `1 h 3 min`.
pub(crate) fn human_time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_millis() < 100 => format!("{:.2} s", time.as_secs_f64()),
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::every_outcome;

    #[test]
    fn every_outcome_is_counted() {
        let report = Report {
            in_sync: 9631,
            bytes: 12_900_000,
            ..every_outcome()
        };
        insta::assert_snapshot!(summary(&report, Duration::from_millis(412)), @"3 created, 1 updated, 2 forced, 1 deleted, 1 already there, 1 skipped, 1 conflict, 1 refused, 1 rejected, 2 lease lost, 1 not written, 1 unknown, 1 left alone, 9,632 up to date; 12.3 MiB in 0.4 s");
    }

    #[test]
    fn what_is_not_there_is_not_said() {
        let time = Duration::from_millis(40);
        assert_eq!(
            summary(&Report::default(), time),
            "nothing in scope on either side; in 0.04 s"
        );
        let report = Report {
            in_sync: 9640,
            dry_run: true,
            ..Report::default()
        };
        assert_eq!(summary(&report, time), "9,640 up to date; in 0.04 s (dry run)");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0, 999, 1000, 12_345_678]
                .map(grouped)
                .each_ref()
                .map(String::as_str)
        );
    }

    #[test]
    fn bytes_are_said_as_git_says_them() {
        assert_eq!(human_bytes(0), "0 B");
        assert_eq!(human_bytes(1023), "1023 B");
        assert_eq!(human_bytes(1024), "1.0 KiB");
        assert_eq!(human_bytes(12_900_000), "12.3 MiB");
        assert_eq!(human_bytes(5 << 30), "5.0 GiB");
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(human_time(Duration::from_millis(42)), "0.04 s");
        assert_eq!(human_time(Duration::from_millis(412)), "0.4 s");
        assert_eq!(human_time(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(human_time(Duration::from_secs(3780)), "1 h 3 min");
    }
}
