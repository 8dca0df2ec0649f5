//! Git's bytes, without I/O: what travels between refsync and the two servers, as values.
//!
//! Every decoder takes bytes or packets and hands out events; every encoder writes into a `Vec<u8>`. Nothing here
//! opens a socket, reads a file, spawns a task or looks at a clock, so each piece can be fuzzed and replayed.
//! Every length that a peer announces is bounded.
//!
//! A conversation with a server begins with its [`greeting`]. What follows depends on the service and the version:
//! [`ls_refs`] and [`fetch`] (upload-pack, version 2), [`upload_pack_v0`] (upload-pack, versions 0 and 1), or
//! [`receive_pack`] and the [`report`] that answers it.

pub mod capabilities;
mod error;
pub mod fetch;
pub mod greeting;
mod line;
pub mod ls_refs;
pub mod message;
mod oid;
pub mod pack;
pub mod pktline;
pub mod receive_pack;
mod refname;
pub mod report;
pub mod sideband;
pub mod upload_pack_v0;

pub use error::ProtocolError;
pub use oid::{ObjectFormat, Oid, OidError, parse_oid};
pub use refname::{RefName, RefNameError};

/// The most references (with peeled values, `.have` and `shallow` lines) that are read from one listing.
/// The largest public repositories list about two million.
pub const MAX_REFS: u64 = 16 << 20;
