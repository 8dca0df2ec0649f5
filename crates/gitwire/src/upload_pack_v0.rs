//! Fetching by versions 0 and 1, as in gitprotocol-pack(5) "Packfile Negotiation".
//!
//! The reference listing came with the greeting. One request names the wants, then rounds of haves follow, each ended
//! by a flush packet, the last by `done`. On a connection that keeps its state only the new haves are sent; over HTTP
//! every request repeats the wants and the haves that count.

mod request;
mod response;

pub use request::{AckMode, Haves, V0Capabilities, encode_haves, encode_wants};
pub use response::{AckStatus, V0Decoder, V0Event};
