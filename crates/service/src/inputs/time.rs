//! Lengths of time as people type them.

use std::time::Duration;

use super::UsageError;

/// Reads `10s`, `2m`, `30min`, `1h`, `500ms` or plain seconds. Zero is refused: nothing could ever be in time.
pub(super) fn parse(flag: &'static str, text: &str) -> Result<Duration, UsageError> {
    let wrong = || UsageError::Time {
        flag,
        value: text.to_owned(),
    };
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "" | "s" | "sec" => 1000,
        "m" | "min" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return Err(wrong()),
    };
    // A century is a mistake, and it would overflow a clock somewhere.
    const LONGEST: u64 = 100 * 24 * 60 * 60 * 1000;
    match number.checked_mul(milliseconds) {
        Some(total @ 1..=LONGEST) => Ok(Duration::from_millis(total)),
        _ => Err(wrong()),
    }
}
