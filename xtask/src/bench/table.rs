//! The results as a table, for a terminal and for `docs/benchmarks.md`.

use super::sample::{Comparison, median};

/// Refsync's memory should not exceed this in any row, whatever it relays.
const MEMORY_LIMIT: u64 = 32 << 20;

const HEADINGS: [&str; 9] = [
    "work",
    "against",
    "refsync",
    "the other",
    "ratio",
    "spread",
    "at most",
    "pairs",
    "peak memory",
];

/// The table with aligned columns.
pub(crate) fn aligned(comparisons: &[Comparison]) -> String {
    let rows = rows(comparisons);
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| pad(cell, width, column));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The table in Markdown.
pub(crate) fn markdown(comparisons: &[Comparison]) -> String {
    let mut lines: Vec<String> = rows(comparisons)
        .iter()
        .map(|row| format!("| {} |\n", row.join(" | ").replace("*", r"\*")))
        .collect();
    lines.insert(1, format!("|---|---|{}\n", "--:|".repeat(HEADINGS.len() - 2)));
    lines.concat()
}

/// A number as people read it: 80,000.
pub(crate) fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The headings, then a row per comparison.
fn rows(comparisons: &[Comparison]) -> Vec<[String; 9]> {
    std::iter::once(HEADINGS.map(String::from))
        .chain(comparisons.iter().map(row))
        .collect()
}

fn row(comparison: &Comparison) -> [String; 9] {
    let ratio = comparison.ratio();
    [
        comparison.work.clone(),
        comparison.against.to_owned(),
        seconds(median(&comparison.ours)),
        seconds(median(&comparison.theirs)),
        factor(ratio.of_medians),
        format!("{} to {}", factor(ratio.least), factor(ratio.most)),
        comparison.limit.map_or(String::new(), |limit| {
            format!("{limit}{}", mark(ratio.of_medians <= limit))
        }),
        comparison.ours.len().to_string(),
        memory(comparison.peak_memory()),
    ]
}

fn mark(kept: bool) -> &'static str {
    if kept { " ✓" } else { " ✗" }
}

fn memory(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!(
        "{}.{} MiB{}",
        tenths / 10,
        tenths % 10,
        mark(bytes <= MEMORY_LIMIT)
    )
}

/// With three digits, as many as the measurement can bear.
fn seconds(seconds: f64) -> String {
    let decimals = [1.0, 10.0, 100.0]
        .iter()
        .filter(|bound| seconds < **bound)
        .count();
    format!("{seconds:.decimals$} s")
}

fn factor(ratio: f64) -> String {
    let decimals = if ratio < 0.1 { 3 } else { 2 };
    format!("{ratio:.decimals$}")
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// Words to the left, numbers to the right.
fn pad(cell: &str, width_wanted: usize, column: usize) -> String {
    let padding = " ".repeat(width_wanted.saturating_sub(width(cell)));
    if column < 2 {
        format!("{cell}{padding}")
    } else {
        format!("{padding}{cell}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::comparison;
    use super::*;

    #[test]
    fn the_terminal_table_is_aligned() {
        let mut slow = comparison(&[43.0, 44.0, 42.0], &[40.0, 41.0, 39.0]);
        slow.work = "first mirror".into();
        slow.limit = None;
        assert_eq!(
            aligned(&[comparison(&[0.25, 0.05], &[4.0, 4.0]), slow]),
            "\
work            against     refsync  the other  ratio          spread  at most  pairs  peak memory
one new commit  the script  0.150 s     4.00 s  0.037  0.013 to 0.062    0.5 ✓      2   10.0 MiB ✓
first mirror    the script   43.0 s     40.0 s   1.07    1.07 to 1.08               3   10.0 MiB ✓
"
        );
    }

    #[test]
    fn the_markdown_table_has_as_many_columns_in_every_line() {
        let text = markdown(&[comparison(&[1.0], &[1.0]), comparison(&[1.0], &[2.0])]);
        let columns: Vec<usize> = text.lines().map(|line| line.matches('|').count()).collect();
        assert_eq!(columns, [HEADINGS.len() + 1; 4]);
        assert!(text.lines().nth(2).unwrap().contains("| 0.5 ✗ |"), "{text}");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            ["7", "999", "1,000", "80,000", "1,073,741,824"],
            [7u32, 999, 1000, 80_000, 1 << 30].map(grouped)
        );
    }

    #[test]
    fn a_row_over_the_memory_limit_is_marked() {
        assert_eq!(memory(MEMORY_LIMIT), "32.0 MiB ✓");
        assert_eq!(memory(MEMORY_LIMIT + 1), "32.0 MiB ✗");
    }
}
