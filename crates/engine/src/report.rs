//! What became of a run: one vocabulary for the command line, logs and metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use bstr::BString;
use gitwire::{Oid, RefName};

use crate::decide::{Base, Lineage, Refusal};
use crate::digest::Digest;
use crate::error::{Error, Stage};
use crate::rejection::Rejection;
use crate::side::{Both, Side};

/// What became of one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefReport {
    /// Its name.
    pub name: RefName,
    /// The side that was written, or would have been.
    pub to: Side,
    /// The value there before: the lease of the write.
    pub old: Option<Oid>,
    /// The value it was to get; `None` for a deletion.
    pub new: Option<Oid>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether an old value was told for it, which the exit code of a refusal depends on.
    pub old_told: bool,
    /// What both sides were seen to have before anything was written.
    pub seen: Both<Option<Oid>>,
}

/// What became of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides have the same.
    UpToDate,
    /// It was made.
    Created,
    /// It was moved.
    Updated(Lineage),
    /// It was removed.
    Deleted,
    /// Somebody else wrote the very value before us.
    AlreadyThere,
    /// It was deleted on the other side, and deletions are not mirrored.
    DeletionSkipped,
    /// It exists on this side alone.
    LeftAlone,
    /// The guard holds it until a person approves.
    Held,
    /// Both sides still have the values with which it was left before.
    Standing,
    /// refsync does not write it.
    Refused(Refusal),
    /// The server does not let us write it.
    Rejected(Rejection),
    /// Somebody else moved it between our look and our write; nothing was overwritten.
    LeaseLost {
        /// What it has now.
        now: Option<Oid>,
    },
    /// The run ended before it was written; it has its old value.
    NotWritten,
    /// The run ended before anyone could tell.
    Unknown,
}

/// The exit codes of `refsync sync`, which are those of the mirror script. The highest of all references counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Exit {
    /// In sync.
    InSync = 0,
    /// A side could not be read or reached.
    Failed = 1,
    /// Not a fast-forward, and no old value is known.
    NotFastForward = 2,
    /// Source and target are out of sync: a person must look.
    OutOfSync = 3,
}

impl RefReport {
    /// What this reference means for the exit code.
    pub fn exit(&self) -> Exit {
        match &self.outcome {
            Outcome::UpToDate
            | Outcome::Created
            | Outcome::Updated(_)
            | Outcome::Deleted
            | Outcome::AlreadyThere
            | Outcome::DeletionSkipped
            | Outcome::LeftAlone => Exit::InSync,
            Outcome::Held | Outcome::Standing => Exit::OutOfSync,
            Outcome::NotWritten | Outcome::Unknown => Exit::Failed,
            Outcome::LeaseLost { .. } => Exit::OutOfSync,
            Outcome::Refused(refusal) => self.refusal_exit(*refusal),
            Outcome::Rejected(_) => self.rejection_exit(),
        }
    }

    fn refusal_exit(&self, refusal: Refusal) -> Exit {
        match refusal {
            Refusal::NotFastForward | Refusal::Unproven | Refusal::ForceNever => Exit::NotFastForward,
            Refusal::OutOfSync | Refusal::Conflict | Refusal::Unsteady | Refusal::Moved => Exit::OutOfSync,
            Refusal::Symbolic
            | Refusal::MaybeSymbolic
            | Refusal::NoDelete
            | Refusal::NameCollision
            | Refusal::Atomic => self.rejection_exit(),
        }
    }

    /// As in the script, where the second push with the old value is what fails.
    fn rejection_exit(&self) -> Exit {
        match (self.new, self.old_told) {
            (None, _) => Exit::Failed,
            (Some(_), true) => Exit::OutOfSync,
            (Some(_), false) => Exit::NotFastForward,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpToDate => f.write_str("up to date"),
            Self::Created => f.write_str("created"),
            Self::Updated(Lineage::Descends) => f.write_str("fast-forwarded"),
            Self::Updated(Lineage::Rewrites) => f.write_str("forced, lease held"),
            Self::Updated(Lineage::Unproven) => f.write_str("replaced, lease held"),
            Self::Deleted => f.write_str("deleted"),
            Self::AlreadyThere => f.write_str("already there"),
            Self::DeletionSkipped => f.write_str("deletions are not mirrored"),
            Self::LeftAlone => f.write_str("left alone"),
            Self::Held => f.write_str("held until a person approves"),
            Self::Standing => f.write_str("waits: nothing has changed since"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Rejected(rejection) => rejection.fmt(f),
            Self::LeaseLost { now: Some(_) } => f.write_str("lease lost: somebody else moved it meanwhile"),
            Self::LeaseLost { now: None } => f.write_str("lease lost: somebody else deleted it meanwhile"),
            Self::NotWritten => f.write_str("not written"),
            Self::Unknown => f.write_str("unknown: the connection ended before the report"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFastForward => "not a fast-forward",
            Self::Unproven => "not provably a fast-forward",
            Self::ForceNever => "not a fast-forward, and force is never",
            Self::OutOfSync => "out of sync",
            Self::Conflict => "conflict: both sides changed",
            Self::Symbolic => "a symbolic reference there",
            Self::MaybeSymbolic => "perhaps a symbolic reference there",
            Self::NoDelete => "the server cannot delete references",
            Self::NameCollision => "a name there is a directory of this one, or the reverse",
            Self::Atomic => "another reference of the atomic run failed",
            Self::Unsteady => "the source shows different values from one moment to the next",
            Self::Moved => "it has another value than was expected",
        })
    }
}

/// What became of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// The references that differed, or were asked for by name, sorted by name.
    pub references: Vec<RefReport>,
    /// How many references in scope were seen equal on both sides.
    pub in_sync: u64,
    /// Names that the servers listed and `git check-ref-format` refuses: dropped.
    pub invalid_names: Vec<(Side, BString)>,
    /// How long each step took.
    pub stages: Vec<(Stage, Duration)>,
    /// Bytes of packs that were relayed.
    pub bytes: u64,
    /// The fault that ended the run, if one did.
    pub error: Option<Error>,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// How many references in scope each side lists, as far as it was asked.
    pub scope: Both<u64>,
    /// What both sides have in scope, if both were listed: as they listed it, and as it was written since.
    pub digest: Option<Digest>,
    /// The bases that are others than the request gave, if it asked for them; `Unknown` forgets one. Of a dry run there are none.
    pub bases: BTreeMap<RefName, Base>,
    /// The references whose intents, old and new, are part of `bases` now and need not be kept.
    pub intents_done: BTreeSet<RefName>,
}

impl Report {
    /// The exit code: the highest of all references, and 1 at least if the run ended early.
    pub fn exit(&self) -> Exit {
        let fault = if self.error.is_some() {
            Exit::Failed
        } else {
            Exit::InSync
        };
        self.references.iter().map(RefReport::exit).fold(fault, Exit::max)
    }

    /// How many references ended in each way, by the words of [`Outcome`].
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for reference in &self.references {
            *counts.entry(reference.outcome.to_string()).or_insert(0) += 1;
        }
        counts
    }
}
