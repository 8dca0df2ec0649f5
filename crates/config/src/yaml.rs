//! YAML as a tree that knows where everything stands.
//!
//! Scalars keep their text, so that `1.10` is a name where a name is wanted and a number where a number is. Anchors and merge
//! keys work; what they expand to is counted. Errors quote no value of the file: one could be a secret.

mod emit;
mod json;
mod merge;
mod parse;
mod path;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use emit::emit;
pub(crate) use parse::parse;
pub(crate) use path::{Path, Step};
pub(crate) use read::{ReadError, read};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 8 << 20;

/// The most values of a file, what aliases expand to with them.
pub(crate) const MAX_NODES: usize = 8_000_000;

/// How deep values may be nested.
pub(crate) const MAX_DEPTH: usize = 32;

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    /// The index of the file among those that were read.
    pub(crate) file: u32,
    /// From 1; 0 where there is no file.
    pub(crate) line: u32,
    /// From 1, in characters.
    pub(crate) column: u32,
}

impl At {
    /// Of what was in no file.
    pub(crate) const NOWHERE: Self = Self {
        file: u32::MAX,
        line: 0,
        column: 0,
    };
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Text; `plain` if without quotes, so that it may stand for a number, a boolean or null.
    Scalar {
        text: Arc<str>,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// It was wrong and reported: those who read on pass over it.
    Pruned,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_at: At,
    pub(crate) value: Node,
}

impl Node {
    /// An empty map.
    pub(crate) fn map(at: At) -> Self {
        Self {
            at,
            kind: Kind::Map(Vec::new()),
        }
    }

    /// A value of a type, as its JSON has it, keys in their order. Its places are nowhere.
    pub(crate) fn of<T: serde::Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&serde_json::to_string(value)?)
    }

    /// Whether it is `null`, `~` or nothing.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text of a scalar that is not null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The values of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries().iter().find(|entry| &*entry.key == key)?;
        Some(&entry.value)
    }

    /// Takes the value of a key out.
    pub(crate) fn take(&mut self, key: &str) -> Option<Node> {
        let Kind::Map(entries) = &mut self.kind else {
            return None;
        };
        let index = entries.iter().position(|entry| &*entry.key == key)?;
        Some(entries.remove(index).value)
    }

    /// Where the value at a path stands, or the innermost that is there of those around it.
    pub(crate) fn at(&self, path: &Path) -> At {
        let mut node = self;
        for step in path.steps() {
            let next = match step {
                Step::Key(key) => node.get(key),
                Step::Index(index) => node.items().get(*index),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.at
    }

    /// Where the key at a path stands; as [`Node::at`] for list elements.
    pub(crate) fn key_at(&self, path: &Path) -> At {
        let (Some(Step::Key(key)), parent) = (path.last(), path.parent()) else {
            return self.at(path);
        };
        let Some(parent) = self.find(&parent) else {
            return self.at(path);
        };
        let entry = parent.entries().iter().find(|entry| &entry.key == key);
        entry.map_or(parent.at, |entry| entry.key_at)
    }

    fn find(&self, path: &Path) -> Option<&Node> {
        path.steps().iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Index(index) => node.items().get(*index),
        })
    }

    /// Makes those who read on pass over the value at a path.
    pub(crate) fn prune(&mut self, path: &Path) {
        let found = path
            .steps()
            .iter()
            .try_fold(self, |node, step| match (step, &mut node.kind) {
                (Step::Key(key), Kind::Map(entries)) => entries
                    .iter_mut()
                    .find(|entry| &entry.key == key)
                    .map(|entry| &mut entry.value),
                (Step::Index(index), Kind::List(items)) => items.get_mut(*index),
                _ => None,
            });
        if let Some(found) = found {
            found.kind = Kind::Pruned;
        }
    }
}
