//! From a delivery to the references that changed.

use gitwire::{Oid, RefName};

use crate::Provider;
use crate::custom::CustomTrigger;

/// The headers of a delivery, by lower-case name.
pub type Headers = std::collections::BTreeMap<String, String>;

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// References changed.
    Push(Push),
    /// The host tries whether anybody listens.
    Ping,
    /// An event that changes no reference, or whose change another event tells.
    Ignored {
        /// Its name, as the host calls it.
        event: String,
        /// Why it is ignored, in a sentence for people.
        why: String,
    },
}

/// References that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The event's name, as the host calls it.
    pub event: String,
    /// The repository's clone URLs that the payload tells or that follow from it.
    pub urls: Vec<String>,
    /// Every changed reference, in the payload's order.
    pub changes: Vec<RefChange>,
    /// Names in the payload that Git refuses: reported and left out.
    pub invalid: Vec<String>,
    /// Who pushed, as the host calls them.
    pub actor: Option<String>,
}

/// One reference that changed, as the host tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefChange {
    /// Its full name.
    pub name: RefName,
    /// The value before.
    pub old: Told,
    /// The value after.
    pub new: Told,
}

/// A value that a host tells, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing that can be relied on: left out, or known to be wrong (zeros on a tag that Gitea moved, Bitbucket's commit in the place of a tag).
    Unknown,
    /// It did not exist.
    Absent,
    /// It had this value.
    At(Oid),
}

/// What is wrong with a delivery: status 400, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Reads a delivery. `event` overrides the event's header, for a person who has only the body.
pub fn read(
    _provider: Provider,
    _trigger: Option<&CustomTrigger>,
    _headers: &Headers,
    _event: Option<&str>,
    _body: &[u8],
) -> Result<Delivery, Malformed> {
    todo!()
}

/// The host's own id of the delivery, where it has one.
pub fn delivery_id(_provider: Provider, _headers: &Headers, _body: &[u8]) -> Option<String> {
    todo!()
}

/// Whether a header may be kept with the delivery: neither a secret nor a signature.
pub fn may_keep(_header: &str) -> bool {
    todo!()
}
