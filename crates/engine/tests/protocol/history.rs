//! A history small enough to be walked in every order:
//!
//! ```text
//! 1 ← 2 ← 3
//! ↑
//! 4
//! ```

use engine::decide::{Lineage, Question};
use gitwire::Oid;

/// How many commits there are.
pub(crate) const COMMITS: usize = 4;

/// The parent of each commit, 0 for none.
const PARENT: [u8; COMMITS + 1] = [0, 0, 1, 2, 1];

/// What a reference is: a commit from 1 on, or 0 where it does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Value(pub(crate) u8);

impl Value {
    /// Every value that the first `commits` commits allow.
    pub(crate) fn all(commits: u8) -> impl Iterator<Item = Value> {
        (0..=commits).map(Value)
    }

    /// All commits that can be reached from it, itself included.
    pub(crate) fn reaches(self, commit: u8) -> bool {
        std::iter::successors(Some(self.0), |id| Some(PARENT[usize::from(*id)]))
            .take_while(|id| *id != 0)
            .any(|id| id == commit)
    }

    /// As the engine has it.
    pub(crate) fn id(self) -> Option<Oid> {
        (self.0 != 0).then(|| Oid::from_bytes_or_panic(&[self.0; 20]))
    }

    /// As the model has it.
    pub(crate) fn of(id: Option<Oid>) -> Value {
        Value(id.map_or(0, |id| id.as_slice()[0]))
    }
}

/// The commits, from 1 on.
pub(crate) fn commits() -> impl Iterator<Item = (usize, u8)> {
    (0..COMMITS).zip(1..)
}

/// The true answer to a question of the engine.
pub(crate) fn lineage(question: &Question) -> Lineage {
    let ancestor = Value::of(Some(question.ancestor)).0;
    if Value::of(Some(question.descendant)).reaches(ancestor) {
        Lineage::Descends
    } else {
        Lineage::Rewrites
    }
}
