//! Git's bytes, without I/O: what travels between refsync and the two servers, as values.
//!
//! Every decoder takes bytes or packets and hands out events; every encoder writes into a `Vec<u8>`. Nothing here
//! opens a socket, reads a file, spawns a task or looks at a clock, so each piece can be fuzzed and replayed.
//! Every length that a peer announces is bounded.

mod oid;
pub mod pktline;
mod refname;

pub use oid::{ObjectFormat, Oid, OidError, parse_oid};
pub use refname::{RefName, RefNameError};
