//! What a person ordered for one reference, beside mirroring it.

use gitwire::Oid;

use crate::decide::{Action, Change, Lineage, Refusal, Verdict};
use crate::side::{Both, Side};

/// An order: carried out if the sides still show what the person was shown, refused as [`Refusal::Moved`] otherwise. The guard and
/// the policy do not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Both sides get what one of them has; if that is nothing, the other's reference is deleted.
    Take {
        /// The side whose value both get.
        from: Side,
        /// What both sides must still show.
        expect: Both<Option<Oid>>,
    },
    /// One side gets a value. Its objects are there already, or the other side lists it.
    Put {
        /// The side that is written.
        to: Side,
        /// What that side must still show.
        expect: Option<Oid>,
        /// What it gets; `None` deletes.
        value: Option<Oid>,
    },
}

impl Order {
    /// What is to be done, given what was seen.
    pub(crate) fn verdict(&self, seen: &Both<Option<Oid>>) -> Verdict {
        let (to, value, expected) = match *self {
            Self::Take { from, expect } => (from.other(), *seen.of(from), *seen == expect),
            Self::Put { to, expect, value } => (to, value, *seen.of(to) == expect),
        };
        let old = *seen.of(to);
        if old == value {
            return Verdict::InSync;
        }
        if !expected {
            return Verdict::Refused(Refusal::Moved);
        }
        let action = match (old, value) {
            (None, Some(new)) => Action::Create { new },
            (Some(old), Some(new)) => Action::Update {
                old,
                new,
                lineage: Lineage::Unproven,
            },
            (Some(old), None) => Action::Delete { old },
            (None, None) => return Verdict::InSync,
        };
        Verdict::Write(Change { to, action })
    }
}
