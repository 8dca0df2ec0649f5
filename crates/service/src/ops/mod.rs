//! What people do with the service, whatever they use for it: the API and the dashboard call the same operations.
//!
//! Each looks whether the caller may, acts, and records who did what, when, from where, and what it was before and after. What the caller's
//! label does not let them see does not exist for them: the same error as for a name that nobody has.

pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod caller;
pub(crate) mod conflicts;
pub(crate) mod deliveries;
mod entrusted;
pub(crate) mod error;
mod hidden;
pub(crate) mod hooks;
pub(crate) mod inputs;
pub(crate) mod look;
pub(crate) mod mirrors;
pub(crate) mod pages;
pub(crate) mod references;
pub(crate) mod runs;
pub(crate) mod service;
pub(crate) mod show;
pub(crate) mod tokens;

pub(crate) use caller::Caller;
pub(crate) use error::OpError;
