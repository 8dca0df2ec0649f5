//! Sights for tests, in a history small enough to keep in mind:
//!
//! ```text
//! a ← b ← c ← d      z
//!     ↑   ↑
//!     x   y
//! ```

use std::collections::BTreeMap;

use gitwire::{Oid, RefName};

use super::*;

/// All commits of the history, each with its parent.
const PARENTS: [(char, Option<char>); 7] = [
    ('a', None),
    ('b', Some('a')),
    ('c', Some('b')),
    ('d', Some('c')),
    ('x', Some('b')),
    ('y', Some('c')),
    ('z', None),
];

/// The letters of all commits.
pub(super) fn commits() -> Vec<char> {
    PARENTS.iter().map(|(commit, _)| *commit).collect()
}

/// The id of a commit, given by its letter.
pub(super) fn commit(letter: char) -> Oid {
    assert!(
        PARENTS.iter().any(|(known, _)| *known == letter),
        "no commit {letter}"
    );
    let byte = u8::try_from(letter).expect("all commits have ASCII letters");
    Oid::from_bytes_or_panic(&[byte; 20])
}

/// The value that a letter stands for, or `-` for none.
pub(super) fn value(letter: char) -> Option<Oid> {
    (letter != '-').then(|| commit(letter))
}

/// Whether `ancestor` is reachable from `descendant`.
pub(super) fn descends(descendant: Oid, ancestor: Oid) -> bool {
    let parents: BTreeMap<Oid, Option<Oid>> = PARENTS
        .iter()
        .map(|(child, parent)| (commit(*child), parent.map(commit)))
        .collect();
    std::iter::successors(Some(descendant), |id| parents[id]).any(|id| id == ancestor)
}

/// Who answers questions about lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oracle {
    Truth,
    Unproven,
}

/// One decision to be made: what was seen, what was said, and the rules.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) direction: Direction,
    pub(super) name: RefName,
    pub(super) seen: Both<Option<Oid>>,
    pub(super) base: Base,
    pub(super) hints: Hints,
    pub(super) named: bool,
    pub(super) policy: Policy,
    pub(super) oracle: Oracle,
}

impl Case {
    fn new(direction: Direction, source: char, target: char) -> Self {
        Self {
            direction,
            name: RefName::new("refs/heads/main").unwrap(),
            seen: Both {
                source: value(source),
                target: value(target),
            },
            base: Base::Unknown,
            hints: Hints::default(),
            named: false,
            policy: Policy::default(),
            oracle: Oracle::Truth,
        }
    }

    /// A one-way mirror whose sides have these values, `-` for none.
    pub(super) fn one_way(source: char, target: char) -> Self {
        Self::new(Direction::OneWay, source, target)
    }

    /// A two-way mirror whose sides have these values, `-` for none.
    pub(super) fn two_way(source: char, target: char) -> Self {
        Self::new(Direction::TwoWay, source, target)
    }

    pub(super) fn reference(mut self, name: &str) -> Self {
        self.name = RefName::new(name).unwrap();
        self
    }

    pub(super) fn tag(self) -> Self {
        self.reference("refs/tags/v1")
    }

    pub(super) fn base(mut self, base: char) -> Self {
        self.base = Base::Agreed(value(base));
        self
    }

    pub(super) fn void_base(mut self) -> Self {
        self.base = Base::Void;
        self
    }

    pub(super) fn told_by_person(mut self, old: char) -> Self {
        self.hints.person = Some(old_value(old));
        self
    }

    pub(super) fn told_by_webhook(mut self, side: Side, old: char, new: char) -> Self {
        let event = Moved {
            old: old_value(old),
            new: value(new),
        };
        self.hints.events.of_mut(side).push(event);
        self
    }

    pub(super) fn named(mut self) -> Self {
        self.named = true;
        self
    }

    pub(super) fn sync_delete(mut self) -> Self {
        self.policy.sync_delete = Both {
            source: true,
            target: true,
        };
        self
    }

    pub(super) fn sync_delete_on(mut self, side: Side) -> Self {
        *self.policy.sync_delete.of_mut(side) = true;
        self
    }

    pub(super) fn force(mut self, force: Force) -> Self {
        self.policy.force = force;
        self
    }

    /// Nobody can tell how commits are related.
    pub(super) fn unproven(mut self) -> Self {
        self.oracle = Oracle::Unproven;
        self
    }

    /// Decides with what is known.
    pub(super) fn decide(&self, proofs: &Proofs) -> Verdict {
        let sight = Sight {
            name: &self.name,
            seen: self.seen,
            base: self.base,
            in_doubt: false,
            hints: &self.hints,
            named: self.named,
            proofs,
        };
        decide(self.direction, &sight, &self.policy)
    }

    /// Decides, and answers what is asked, until the verdict stands. Also what was asked.
    pub(super) fn settle(&self) -> (Verdict, Vec<Question>) {
        let mut proofs = Proofs::default();
        let mut asked = Vec::new();
        loop {
            let verdict = self.decide(&proofs);
            let Verdict::NeedsLineage(question) = verdict else {
                return (verdict, asked);
            };
            assert!(
                !asked.contains(&question),
                "{question:?} was asked twice in {self:?}"
            );
            asked.push(question);
            proofs.insert(question, self.answer(question));
        }
    }

    fn answer(&self, question: Question) -> Lineage {
        match self.oracle {
            Oracle::Unproven => Lineage::Unproven,
            Oracle::Truth if descends(question.descendant, question.ancestor) => Lineage::Descends,
            Oracle::Truth => Lineage::Rewrites,
        }
    }

    /// The verdict in the end.
    pub(super) fn verdict(&self) -> Verdict {
        self.settle().0
    }

    /// The same with source and target exchanged.
    pub(super) fn mirrored(&self) -> Self {
        let mut case = self.clone();
        std::mem::swap(&mut case.seen.source, &mut case.seen.target);
        let events = &mut case.hints.events;
        std::mem::swap(&mut events.source, &mut events.target);
        let deletions = &mut case.policy.sync_delete;
        std::mem::swap(&mut deletions.source, &mut deletions.target);
        case
    }
}

pub(super) fn old_value(letter: char) -> OldValue {
    value(letter).map_or(OldValue::Absent, OldValue::At)
}

pub(super) fn creates(to: Side, new: char) -> Verdict {
    write(to, Action::Create { new: commit(new) })
}

pub(super) fn updates(to: Side, old: char, new: char, lineage: Lineage) -> Verdict {
    write(
        to,
        Action::Update {
            old: commit(old),
            new: commit(new),
            lineage,
        },
    )
}

pub(super) fn deletes(to: Side, old: char) -> Verdict {
    write(to, Action::Delete { old: commit(old) })
}

pub(super) fn question(descendant: char, ancestor: char) -> Question {
    Question {
        descendant: commit(descendant),
        ancestor: commit(ancestor),
    }
}
