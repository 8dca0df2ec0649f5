//! One push to come, and what came of those before it.

use gitwire::Oid;

use crate::plan::Planned;
use crate::receive::{Pushed, Status};

/// After so many pushes of which nothing at all was taken, the server takes nothing: the rest is not tried in ever smaller pieces.
const MAX_FUTILE: u32 = 128;

/// One push to come.
pub(super) struct Batch {
    pub(super) writes: Vec<Planned>,
    pub(super) objects: Objects,
}

/// Which objects go with a push.
pub(super) enum Objects {
    /// What its own references need.
    Own,
    /// What all references need, for the pushes after it, too.
    All(Vec<Oid>),
    /// None: an earlier push brought them.
    Brought,
}

impl Batch {
    pub(super) fn alone(writes: Vec<Planned>) -> Self {
        Self {
            writes,
            objects: Objects::Own,
        }
    }

    /// The values that references are to get, and that the other side is asked for.
    pub(super) fn new_values(&self) -> impl Iterator<Item = Oid> {
        let brought = self.writes.iter().filter(|planned| !planned.objects_are_there);
        brought.filter_map(|planned| planned.change.action.new_value())
    }

    /// Deletions alone send no pack, and what is there already needs none.
    pub(super) fn has_pack(&self) -> bool {
        self.new_values().next().is_some()
    }
}

/// What came of the pushes so far.
#[derive(Default)]
pub(super) struct Pushes {
    made: u32,
    /// Whether anything was taken.
    taken: bool,
    /// Whether the push with all objects was taken.
    pub(super) delivered: bool,
}

impl Pushes {
    pub(super) fn count(&mut self, batch: &Batch, pushed: &Pushed) {
        let taken = pushed.unpack.is_none() && pushed.statuses.values().any(|status| *status == Status::Ok);
        self.made += 1;
        self.taken |= taken;
        self.delivered |= taken && matches!(batch.objects, Objects::All(_));
    }

    pub(super) fn are_futile(&self) -> bool {
        !self.taken && self.made >= MAX_FUTILE
    }
}
