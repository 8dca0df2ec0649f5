//! The command `fetch` of gitprotocol-v2(5): negotiate, then receive a pack.

mod request;
mod response;

pub(crate) use request::write_ids;
pub use request::{FetchRequest, MAX_REQUEST};
pub use response::{FetchDecoder, FetchEvent};
