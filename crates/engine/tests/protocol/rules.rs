//! The rules of the protocol, each with a switch: the check must fail without any one of them.

/// Which rules hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// What a run is about to write is written down before the push.
    pub(crate) intents: bool,
    /// An intent whose value does not show leaves the base void.
    pub(crate) void_after_intent: bool,
    /// A creation that was cut is for people to decide.
    pub(crate) doubts: bool,
    /// A lost lease leaves the base void.
    pub(crate) void_after_lost_lease: bool,
    /// A write that somebody else made leaves the base void.
    pub(crate) void_after_coincidence: bool,
    /// A conflict leaves the base void.
    pub(crate) void_after_conflict: bool,
    /// A void base is told from one that was never known.
    pub(crate) void_is_not_unknown: bool,
    /// A push expects the value that was seen.
    pub(crate) leases: bool,
    /// Who lost the claim writes nothing down.
    pub(crate) fences: bool,
    /// Webhooks never widen a known base.
    pub(crate) base_before_hints: bool,
}

impl Rules {
    /// As designed.
    pub(crate) const ALL: Rules = Rules {
        intents: true,
        void_after_intent: true,
        doubts: true,
        void_after_lost_lease: true,
        void_after_coincidence: true,
        void_after_conflict: true,
        void_is_not_unknown: true,
        leases: true,
        fences: true,
        base_before_hints: true,
    };
}
