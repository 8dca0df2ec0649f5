//! What a change changes, line by line.

use similar::{ChangeTag, TextDiff};

/// A line of a difference.
pub(super) struct DiffLine {
    pub(super) tone: &'static str,
    pub(super) text: String,
}

/// The lines of both texts, with marks before those that are in one alone.
pub(super) fn difference(old: &str, new: &str) -> Vec<DiffLine> {
    TextDiff::from_lines(old, new)
        .iter_all_changes()
        .map(|change| {
            let (tone, mark) = match change.tag() {
                ChangeTag::Insert => ("added", '+'),
                ChangeTag::Delete => ("removed", '-'),
                ChangeTag::Equal => ("same", ' '),
            };
            DiffLine {
                tone,
                text: format!("{mark} {}", change.value().trim_end()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_and_go_are_marked() {
        let lines: Vec<String> = difference("a: 1\nb: 2\n", "a: 1\nb: 3\n")
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(lines, ["  a: 1", "- b: 2", "+ b: 3"]);
    }
}
