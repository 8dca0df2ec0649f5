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
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl std::error::Error for Problems {}
