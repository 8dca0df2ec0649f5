//! How wide text is on a terminal, and text cut to a width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands for what was left out: one column wide.
const ELLIPSIS: char = '…';

/// The columns that a text without control characters takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Text in at most so many columns: what does not fit is left out in the middle, so that both the beginning and the end,
/// which tells names apart, stay.
pub(crate) fn cut_middle(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let tail_room = room / 2;
    let head = fitting(text.chars(), room - tail_room);
    let tail: String = fitting(text.chars().rev(), tail_room).chars().rev().collect();
    if most == 0 {
        return String::new();
    }
    format!("{head}{ELLIPSIS}{tail}")
}

/// Text in at most so many columns: what does not fit is left out at the end.
pub(crate) fn cut_end(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    if most == 0 {
        return String::new();
    }
    let head = fitting(text.chars(), most - 1);
    format!("{}{ELLIPSIS}", head.trim_end())
}

/// As many of the characters, in order, as fit.
fn fitting(characters: impl Iterator<Item = char>, most: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= most
        })
        .collect()
}

/// Text broken into lines of at most so many columns, at spaces. A word that is longer than a line has one of its own.
pub(crate) fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_long_name_is_left_out() {
        assert_eq!(cut_middle("refs/heads/main", 15), "refs/heads/main");
        assert_eq!(cut_middle("refs/heads/main", 9), "refs…main");
        assert_eq!(cut_middle("refs/heads/main", 1), "…");
        assert_eq!(cut_middle("refs/heads/main", 0), "");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(columns("名前"), 4);
        for most in 0..12 {
            assert!(columns(&cut_middle("名前名前名前", most)) <= most, "{most}");
            assert!(columns(&cut_end("名前名前名前", most)) <= most, "{most}");
        }
    }

    #[test]
    fn the_end_of_a_long_sentence_is_left_out() {
        assert_eq!(cut_end("the host refused", 16), "the host refused");
        assert_eq!(cut_end("the host refused", 10), "the host…");
    }

    #[test]
    fn text_is_broken_at_spaces() {
        assert_eq!(wrap("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(wrap("unbreakable word", 4), ["unbreakable", "word"]);
        assert_eq!(wrap("", 4), [""; 0]);
    }
}
