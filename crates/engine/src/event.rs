//! What a run tells while it goes on.

use std::sync::Arc;

use crate::error::Stage;
use crate::report::RefReport;
use crate::side::Side;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step began.
    Stage(Stage),
    /// Both sides were listed.
    Observed {
        /// How many references in scope the source has.
        source: u64,
        /// How many the target has.
        target: u64,
        /// How many of them differ.
        differing: u64,
    },
    /// The first bytes of a pack came: it holds this many objects.
    PackStarted {
        /// The number of objects in its header.
        objects: u32,
    },
    /// More of the pack went to the other side.
    Relayed {
        /// Bytes of this pack so far.
        bytes: u64,
    },
    /// The last byte of the pack was sent.
    PackSent {
        /// Bytes of this pack.
        bytes: u64,
    },
    /// A server said something to people, without control characters.
    Remote {
        /// Which.
        side: Side,
        /// One line.
        line: String,
        /// Whether the next line replaces it, as progress does.
        transient: bool,
    },
    /// A reference is done with.
    Reference(RefReport),
    /// Something to know that is no failure.
    Warning(String),
}

/// Takes events. It must not block: it is called between two chunks of a pack.
#[derive(Clone)]
pub struct Listener(Arc<dyn Fn(Event) + Send + Sync>);

impl Listener {
    /// A listener from a function.
    pub fn new(listen: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listen))
    }

    /// A listener to whom nothing matters.
    pub fn none() -> Self {
        Self::new(drop)
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}
