//! What a side lists, beside the references themselves, which are handed out one by one.

use bstr::BString;
use gitwire::pktline::Packet;
use gitwire::{ObjectFormat, Oid, RefName};

use crate::error::Fault;

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

/// The most bytes of a listing: some four million references. Whoever sends more means no good.
pub(crate) const MAX_LISTING: u64 = 256 << 20;

/// Counts the bytes of a listing.
#[derive(Debug)]
pub(crate) struct Ceiling {
    left: u64,
}

impl Ceiling {
    /// So many are taken, and no more.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { left: bytes }
    }

    /// Takes a packet, unless it is too much.
    pub(crate) fn take(&mut self, packet: &Packet) -> Result<(), Fault> {
        let bytes = match packet {
            Packet::Data(data) => data.len() as u64,
            _ => 0,
        };
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| Fault::Setup("the listing of references is too long".into()))?;
        Ok(())
    }
}

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
