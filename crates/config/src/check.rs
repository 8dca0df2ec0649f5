//! From the shape of the file to checked values: what serde cannot say.

pub(crate) mod credential;
mod files;
pub(crate) mod mirror;
pub(crate) mod pairs;
pub(crate) mod service;

use std::path::PathBuf;

use crate::problem::Problem;
use crate::yaml::{At, Node, Path, ReadError};

/// The most problems that are told at once.
const MAX_PROBLEMS: usize = 100;

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The files that were read, as places name them.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

impl Findings {
    /// Something is wrong.
    pub(crate) fn problem(&mut self, at: At, path: &Path, message: impl Into<String>) {
        let problem = self.at(at, path, message.into());
        push(&mut self.problems, problem);
    }

    /// Something works and should be looked at.
    pub(crate) fn warning(&mut self, at: At, path: &Path, message: impl Into<String>) {
        let warning = self.at(at, path, message.into());
        push(&mut self.warnings, warning);
    }

    /// A value does not fit its type. `node` is the value that was read, `path` the way to it.
    pub(crate) fn misfit(&mut self, node: &Node, path: &Path, error: &ReadError) {
        let at = if error.key {
            node.key_at(&error.path)
        } else {
            node.at(&error.path)
        };
        self.problem(at, &error.path.below(path), error.message.clone());
    }

    /// Whether so much was found that looking further serves nobody.
    pub(crate) fn are_enough(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    fn at(&self, at: At, path: &Path, message: String) -> Problem {
        let file = usize::try_from(at.file)
            .ok()
            .and_then(|index| self.files.get(index));
        Problem {
            file: file.cloned(),
            at: file.map(|_| (u64::from(at.line), u64::from(at.column))),
            path: path.to_string(),
            message,
        }
    }
}

/// What stands in a template is wrong once, not for every mirror made of it.
fn push(all: &mut Vec<Problem>, one: Problem) {
    let known = |other: &Problem| {
        one.at.is_some() && (&one.file, one.at, &one.message) == (&other.file, other.at, &other.message)
    };
    if all.len() < MAX_PROBLEMS && !all.iter().any(known) {
        all.push(one);
    }
}

/// A value that is checked: the tree it came from and the way to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) node: &'a Node,
    pub(crate) path: &'a Path,
}

impl Spot<'_> {
    /// Something is wrong with the value at a way below.
    pub(crate) fn problem(&self, findings: &mut Findings, below: &Path, message: impl Into<String>) {
        findings.problem(self.node.at(below), &below.below(self.path), message);
    }

    /// Something below should be looked at.
    pub(crate) fn warning(&self, findings: &mut Findings, below: &Path, message: impl Into<String>) {
        findings.warning(self.node.at(below), &below.below(self.path), message);
    }
}

/// A way of keys.
pub(crate) fn way(keys: &[&str]) -> Path {
    keys.iter().fold(Path::default(), |path, key| path.join(*key))
}

/// Checks a name of a mirror, a credential or an input set: what URLs, shells and tables carry as it is.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    const ALLOWED: &str = "a name has letters, digits, `.`, `_`, `-`, a letter or digit first, at most 100";
    let letters = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    match letters && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.len() <= 100 {
        true => Ok(()),
        false => Err(format!("found `{}`; {ALLOWED}", crate::problem::shown(name))),
    }
}
