//! Maps laid over each other: YAML's merge keys, and the layers of a mirror.

use std::collections::HashSet;

use super::{At, Entry, Kind, Node};

/// Replaces `<<` by what it names: keys that are written stay, of several maps the first holds. The place of a `<<` that names
/// no map is the error; so is that of a key that is written twice, which [`duplicate`] finds before.
pub(super) fn merge_keys(node: &mut Node) -> Result<(), At> {
    let Kind::Map(entries) = &mut node.kind else {
        return Ok(());
    };
    while let Some(index) = entries.iter().position(|entry| &*entry.key == "<<") {
        let merge = entries.remove(index).value;
        let maps = match &merge.kind {
            Kind::Map(_) => vec![&merge],
            Kind::List(items) => items.iter().collect(),
            _ => return Err(merge.at),
        };
        let mut known: HashSet<_> = entries.iter().map(|entry| entry.key.clone()).collect();
        for map in maps {
            let Kind::Map(more) = &map.kind else {
                return Err(map.at);
            };
            for entry in more {
                if known.insert(entry.key.clone()) {
                    entries.push(entry.clone());
                }
            }
        }
    }
    Ok(())
}

/// The first key that is written twice in one map: what it is and where.
pub(super) fn duplicate(entries: &[Entry]) -> Option<&Entry> {
    let mut known = HashSet::with_capacity(entries.len());
    entries.iter().find(|entry| !known.insert(&entry.key))
}

impl Node {
    /// Lays a map over this one: its keys replace, but for those in `deep`, which are laid over in turn.
    pub(crate) fn lay_over(&mut self, over: &Node, deep: &[&str]) {
        let Kind::Map(entries) = &mut self.kind else {
            *self = over.clone();
            return;
        };
        for entry in over.entries() {
            match entries.iter_mut().find(|known| known.key == entry.key) {
                None => entries.push(entry.clone()),
                Some(known) if deep.contains(&&*entry.key) && !entry.value.entries().is_empty() => {
                    known.value.lay_over(&entry.value, &[]);
                }
                Some(known) => *known = entry.clone(),
            }
        }
    }
}
