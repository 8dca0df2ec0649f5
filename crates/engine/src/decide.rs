//! The decision: from what was seen to what is to be done, for one reference. Pure: no I/O, no clock.
//!
//! Ignorance is a value. Where the answer depends on how two commits are related and nobody has asked yet, the verdict
//! is [`Verdict::NeedsLineage`]; the caller asks, adds the proof and decides again.

use std::collections::BTreeMap;

use gitwire::{Oid, RefName};

use crate::side::{Both, Side};

#[cfg(test)]
mod model;
mod one_way;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod two_way;

/// How a new value relates to an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    /// The old commit can be reached from the new one: a fast-forward.
    Descends,
    /// It cannot: history was rewritten, or rewound.
    Rewrites,
    /// Nobody could tell. Treated like a rewrite, and reported as what it is.
    Unproven,
}

/// A question about two commits: is `ancestor` reachable from `descendant`?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The commit whose history is walked.
    pub descendant: Oid,
    /// The commit that is looked for.
    pub ancestor: Oid,
}

/// The answers that are known so far.
#[derive(Debug, Clone, Default)]
pub struct Proofs(BTreeMap<Question, Lineage>);

impl Proofs {
    /// Records an answer.
    pub fn insert(&mut self, question: Question, answer: Lineage) {
        self.0.insert(question, answer);
    }

    /// The answer to a question, if it was asked.
    pub fn get(&self, question: &Question) -> Option<Lineage> {
        self.0.get(question).copied()
    }
}

/// What a reference was before a change, as somebody told us: `referenceShaOld`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldValue {
    /// It did not exist: all zeros.
    Absent,
    /// It had this value.
    At(Oid),
}

impl OldValue {
    fn is(self, seen: Option<Oid>) -> bool {
        match self {
            Self::Absent => seen.is_none(),
            Self::At(id) => seen == Some(id),
        }
    }
}

/// What both sides last agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Base {
    /// Never seen before.
    #[default]
    Unknown,
    /// Both had this value, or both had nothing.
    Agreed(Option<Oid>),
    /// It was known once and cannot be relied on. Only equality, descent or a person ends it.
    Void,
}

/// One event of a webhook: a reference moved from one value to another on its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The value before, as the webhook told.
    pub old: OldValue,
    /// The value after; `None` for a deletion.
    pub new: Option<Oid>,
}

/// What was said of a reference beside what was seen.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The old value that a person gave: taken as given.
    pub person: Option<OldValue>,
    /// The events that webhooks told, for each side. They never widen a known base.
    pub events: Both<Vec<Moved>>,
}

/// Everything that is known of one reference at the moment of the decision.
#[derive(Debug)]
pub struct Sight<'a> {
    /// The name, the same on both sides.
    pub name: &'a RefName,
    /// What either side was seen to have.
    pub seen: Both<Option<Oid>>,
    /// What both last agreed on.
    pub base: Base,
    /// Whether a creation was begun on the side that lacks it, and nobody knows whether it was made: see
    /// [`crate::base::is_in_doubt`].
    pub in_doubt: bool,
    /// What was said.
    pub hints: &'a Hints,
    /// Whether the reference was asked for by its full name, not by a pattern or a sweep.
    pub named: bool,
    /// The answers about lineage that are known so far.
    pub proofs: &'a Proofs,
}

impl Sight<'_> {
    fn lineage(&self, descendant: Oid, ancestor: Oid) -> Result<Lineage, Verdict> {
        let question = Question { descendant, ancestor };
        // A tag never fast-forwards: git-push(1) refuses to move one unless forced.
        if self.name.is_tag() {
            return Ok(Lineage::Rewrites);
        }
        self.proofs.get(&question).ok_or(Verdict::NeedsLineage(question))
    }

    /// What is known of the lineage of a write that does not depend on it.
    fn lineage_if_known(&self, descendant: Oid, ancestor: Oid) -> Lineage {
        self.lineage(descendant, ancestor).unwrap_or(Lineage::Unproven)
    }
}

/// When a value may be replaced that cannot be fast-forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Force {
    /// Never.
    Never,
    /// If it is the value that the hint or the base tells.
    #[default]
    Lease,
    /// Always, leased on the value just observed.
    Always,
}

/// The rules of a mirror that a decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether deletions are mirrored to a side.
    pub sync_delete: Both<bool>,
    /// When a value may be replaced that cannot be fast-forwarded.
    pub force: Force,
}

/// In which directions references are mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From the source to the target.
    #[default]
    OneWay,
    /// Both ways.
    TwoWay,
}

/// A write that was decided on. Its lease is the value that the side it goes to was seen to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The side that is written.
    pub to: Side,
    /// What is done there.
    pub action: Action,
}

impl Change {
    /// Whether it takes commits out of a reference's history, as far as is known.
    pub fn loses_commits(&self) -> bool {
        match self.action {
            Action::Create { .. }
            | Action::Update {
                lineage: Lineage::Descends,
                ..
            } => false,
            Action::Update { .. } | Action::Delete { .. } => true,
        }
    }
}

/// What is done to a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is made; the write expects that it does not exist.
    Create {
        /// Its value.
        new: Oid,
    },
    /// It is moved; the write expects `old`.
    Update {
        /// The value it has: the lease.
        old: Oid,
        /// The value it gets.
        new: Oid,
        /// How the two relate, as far as it is known.
        lineage: Lineage,
    },
    /// It is removed; the write expects `old`.
    Delete {
        /// The value it has: the lease.
        old: Oid,
    },
}

impl Action {
    /// The value before the write, which is its lease.
    pub fn old_value(&self) -> Option<Oid> {
        match *self {
            Self::Create { .. } => None,
            Self::Update { old, .. } | Self::Delete { old } => Some(old),
        }
    }

    /// The value after it.
    pub fn new_value(&self) -> Option<Oid> {
        match *self {
            Self::Create { new } | Self::Update { new, .. } => Some(new),
            Self::Delete { .. } => None,
        }
    }
}

/// Why refsync itself does not write a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It cannot be fast-forwarded, and nobody told an old value.
    NotFastForward,
    /// Nobody could prove that it is a fast-forward, and nobody told an old value.
    Unproven,
    /// It cannot be fast-forwarded, and the policy is to never replace.
    ForceNever,
    /// The target has neither the told value nor one that can be fast-forwarded.
    OutOfSync,
    /// Both sides changed.
    Conflict,
    /// The name is a symbolic reference on the side to be written.
    Symbolic,
    /// It could not be ruled out that the name is a symbolic reference on the side to be written.
    MaybeSymbolic,
    /// The side to be written cannot delete references.
    NoDelete,
    /// A name on the side to be written is a directory of this one, or the reverse.
    NameCollision,
    /// Another reference of an atomic run is refused.
    Atomic,
    /// The source showed another value when it was asked a second time.
    Unsteady,
    /// A person ordered it for other values than the sides have now.
    Moved,
}

/// What is to be done with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Both sides have the same.
    InSync,
    /// One side is to be written.
    Write(Change),
    /// It was deleted on one side, and deletions are not mirrored.
    DeletionSkipped,
    /// It is the other side's own.
    LeftAlone,
    /// It is not written, and a person should know.
    Refused(Refusal),
    /// The answer depends on how two commits are related.
    NeedsLineage(Question),
}

/// Decides what is to be done with one reference.
pub fn decide(direction: Direction, sight: &Sight<'_>, policy: &Policy) -> Verdict {
    if sight.seen.source == sight.seen.target {
        return Verdict::InSync;
    }
    let decided = match direction {
        Direction::OneWay => one_way::decide(sight, policy),
        Direction::TwoWay => two_way::decide(sight, policy),
    };
    decided.unwrap_or_else(|needs_lineage| needs_lineage)
}

fn write(to: Side, action: Action) -> Verdict {
    Verdict::Write(Change { to, action })
}
