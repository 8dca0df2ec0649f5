//! What a new configuration changes.

use crate::checked::{Config, Mirror};

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

/// Compares. Where a mirror is written does not matter.
pub fn diff(old: &Config, new: &Config) -> Diff {
    let mut diff = Diff::default();
    for (name, mirror) in &new.mirrors {
        match old.mirrors.get(name) {
            None => diff.added.push(name.clone()),
            Some(before) if !same(before, mirror) => diff.changed.push(name.clone()),
            Some(_) => {}
        }
    }
    let gone = old.mirrors.keys().filter(|name| !new.mirrors.contains_key(*name));
    diff.removed = gone.cloned().collect();
    diff
}

fn same(one: &Mirror, other: &Mirror) -> bool {
    // The fingerprint leaves out what is only for people.
    one.fingerprint == other.fingerprint && one.description == other.description && one.labels == other.labels
}

impl Diff {
    /// Whether so many mirrors would go that only `--force` allows it: over 20 % of `before`.
    pub fn loses_too_many(&self, before: usize) -> bool {
        self.removed.len().saturating_mul(5) > before
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}
