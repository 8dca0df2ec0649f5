//! What a new configuration changes.

use crate::checked::Config;

/// The difference between two configurations, by mirrors' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// New mirrors.
    pub added: Vec<String>,
    /// Mirrors that are gone.
    pub removed: Vec<String>,
    /// Mirrors that differ.
    pub changed: Vec<String>,
}

/// Compares.
pub fn diff(_old: &Config, _new: &Config) -> Diff {
    todo!()
}

impl Diff {
    /// Whether so many mirrors would go that only `--force` allows it: over 20 % of `before`.
    pub fn loses_too_many(&self, _before: usize) -> bool {
        todo!()
    }
}
