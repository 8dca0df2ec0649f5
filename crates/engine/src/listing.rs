//! What a side lists, beside the references themselves, which are handed out one by one.

use bstr::BString;
use gitwire::{ObjectFormat, Oid, RefName};

/// Takes references one by one, so that a listing need not be held.
pub(crate) type Each<'a> = dyn FnMut(Listed) + Send + 'a;

/// A reference that a side has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: RefName,
    pub(crate) id: Oid,
    /// It stands for another one.
    pub(crate) symbolic: bool,
}

/// The rest of a listing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// The branch that `HEAD` stands for.
    pub(crate) head: Option<RefName>,
    pub(crate) format: ObjectFormat,
    /// Whether `HEAD` has a value. A receive-pack does not tell.
    pub(crate) head_has_value: bool,
    /// How many references were listed, in scope or not.
    pub(crate) count: u64,
    /// Whether a symbolic reference would have been told as one. Version 0 tells only of `HEAD`.
    pub(crate) tells_symbolic: bool,
    /// Commits whose parents the repository lacks.
    pub(crate) shallow: Vec<Oid>,
    pub(crate) invalid_names: Vec<BString>,
}

/// How many names are kept that git refuses. Whoever sends more means no good.
const MAX_INVALID: usize = 1000;

impl Listing {
    /// Whether the side has nothing to list at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0 && !self.head_has_value
    }

    /// Notes a name that was dropped.
    pub(crate) fn invalid(&mut self, name: BString) {
        if self.invalid_names.len() < MAX_INVALID {
            self.invalid_names.push(name);
        }
    }
}
