//! The commits of a pack, and the deltas that may still turn out to be commits.

use std::collections::{HashMap, HashSet};

use super::delta;
use super::scan::{GiveUp, ScanLimits};
use crate::oid::{ObjectFormat, Oid};

/// What each kept commit or delta costs beside its bytes, for the maps around it.
const OVERHEAD: usize = 160;

/// How a delta names its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Base {
    /// By its place in the pack.
    Offset(u64),
    /// By its id.
    Id(Oid),
}

/// A delta whose base was not seen yet.
#[derive(Debug)]
struct Waiting {
    offset: u64,
    delta: Vec<u8>,
}

/// Keeps the commits for later deltas, and looks for one with a given parent.
#[derive(Debug)]
pub(super) struct Commits {
    parent: Option<Oid>,
    format: ObjectFormat,
    limits: ScanLimits,
    memory: usize,
    ids: HashMap<u64, Oid>,
    contents: HashMap<Oid, Vec<u8>>,
    waiting: HashMap<Base, Vec<Waiting>>,
    waiting_offsets: HashSet<u64>,
}

impl Commits {
    pub(super) fn new(parent: Option<Oid>, format: ObjectFormat, limits: ScanLimits) -> Self {
        Self {
            parent,
            format,
            limits,
            memory: 0,
            ids: HashMap::new(),
            contents: HashMap::new(),
            waiting: HashMap::new(),
            waiting_offsets: HashSet::new(),
        }
    }

    /// Whether a delta on this base may be a commit. Bases that are named by their place come first in a pack, so a
    /// place where no commit is holds something else. Bases that are named by their id may come later.
    pub(super) fn may_be_commit(&self, base: Base) -> bool {
        match base {
            Base::Offset(offset) => self.ids.contains_key(&offset) || self.waiting_offsets.contains(&offset),
            Base::Id(_) => true,
        }
    }

    /// Adds a commit. Tells whether it, or a delta that waited for it, has the parent.
    pub(super) fn add(&mut self, offset: u64, content: Vec<u8>) -> Result<bool, GiveUp> {
        let mut next = Some((offset, content));
        // Deltas with their bases: one at a time is made into its object, so that only one is not counted yet.
        let mut ready: Vec<(Oid, Waiting)> = Vec::new();
        while let Some((offset, content)) = next.take() {
            if self.parent.is_some_and(|parent| has_parent(&content, &parent)) {
                return Ok(true);
            }
            let id = self.keep(offset, content)?;
            for base in [Base::Offset(offset), Base::Id(id)] {
                ready.extend(
                    self.waiting
                        .remove(&base)
                        .unwrap_or_default()
                        .into_iter()
                        .map(|waiting| (id, waiting)),
                );
            }
            if let Some((base, waiting)) = ready.pop() {
                self.memory -= waiting.delta.len() + OVERHEAD;
                self.waiting_offsets.remove(&waiting.offset);
                next = Some((waiting.offset, self.resolve(base, &waiting.delta)?));
            }
        }
        Ok(false)
    }

    /// Adds a delta that may be a commit.
    pub(super) fn add_delta(&mut self, offset: u64, base: Base, delta: Vec<u8>) -> Result<bool, GiveUp> {
        let id = match base {
            Base::Offset(base) => self.ids.get(&base).copied(),
            Base::Id(id) => self.contents.contains_key(&id).then_some(id),
        };
        if let Some(id) = id {
            let content = self.resolve(id, &delta)?;
            return self.add(offset, content);
        }
        self.reserve(delta.len())?;
        self.waiting_offsets.insert(offset);
        self.waiting
            .entry(base)
            .or_default()
            .push(Waiting { offset, delta });
        Ok(false)
    }

    /// The commits that were kept.
    pub(super) fn contents(&self) -> &HashMap<Oid, Vec<u8>> {
        &self.contents
    }

    /// Whether deltas are left whose base never came.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn resolve(&self, base: Oid, delta: &[u8]) -> Result<Vec<u8>, GiveUp> {
        let content = self.contents.get(&base).ok_or(GiveUp::Malformed)?;
        delta::apply(content, delta, self.limits.object).ok_or(GiveUp::Delta)
    }

    /// An object that comes twice is counted twice: otherwise few bytes could cost much time.
    fn keep(&mut self, offset: u64, content: Vec<u8>) -> Result<Oid, GiveUp> {
        self.reserve(content.len())?;
        let id = commit_id(&content, self.format)?;
        self.ids.insert(offset, id);
        self.contents.insert(id, content);
        Ok(id)
    }

    fn reserve(&mut self, bytes: usize) -> Result<(), GiveUp> {
        self.memory += bytes + OVERHEAD;
        if self.memory > self.limits.memory {
            Err(GiveUp::Memory)
        } else {
            Ok(())
        }
    }
}

fn commit_id(content: &[u8], format: ObjectFormat) -> Result<Oid, GiveUp> {
    let mut hasher = gix_hash::hasher(format.kind());
    hasher.update(format!("commit {}\0", content.len()).as_bytes());
    hasher.update(content);
    hasher.try_finalize().map_err(|_| GiveUp::Checksum)
}

/// Whether the header of a commit has this parent: the lines between `tree` and `author`.
fn has_parent(content: &[u8], parent: &Oid) -> bool {
    let parent = format!("parent {parent}");
    content
        .split(|byte| *byte == b'\n')
        .skip_while(|line| line.starts_with(b"tree "))
        .take_while(|line| line.starts_with(b"parent "))
        .any(|line| line == parent.as_bytes())
}
