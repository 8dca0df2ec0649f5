//! What is wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong: where, what was found, what is allowed. Never a secret's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file; `None` for a mirror made over the API.
    pub file: Option<PathBuf>,
    /// Line and column, from 1.
    pub at: Option<(u64, u64)>,
    /// The path of the value: `mirrors[2].source.url`.
    pub path: String,
    /// What is wrong, what is allowed, in one sentence.
    pub message: String,
}

/// All that is wrong with a configuration; never empty where it is an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", shown(&file.to_string_lossy()))?;
            if let Some((line, column)) = self.at {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A text from outside, in one line, without control characters, and cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut out: String = text
        .chars()
        .take(LONGEST)
        .map(|c| {
            if c.is_control() || is_bidi(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// Characters that turn the direction of the text around them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `` `a`, `b`, `c` `` for people.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().map(shown).collect();
    words.join(", ")
}

/// `, did you mean …?`, if one of the words is close; else nothing.
pub fn did_you_mean<'a>(found: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    // A long text is no misspelt word, and measuring it takes long.
    if found.len() > 64 {
        return String::new();
    }
    let lower = found.to_lowercase();
    let close = words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&lower, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1.max(word.len() / 3))
        .min();
    match close {
        Some((_, word)) => format!(", did you mean `{}`?", shown(word)),
        None => String::new(),
    }
}
