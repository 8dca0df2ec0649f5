//! One run of refsync: observe both sides, decide, relay, report.
//!
//! The spine is [`run()`]. This crate knows no database, no web and no command line, and writes nothing to the disk.

mod ahead;
pub mod base;
pub mod clients;
mod clock;
pub mod decide;
pub mod digest;
pub mod error;
pub mod event;
pub mod guard;
pub mod history;
pub mod keeper;
mod knock;
mod ledger;
mod listing;
mod observe;
pub mod order;
mod plan;
mod prefetch;
mod prove;
pub mod reach;
mod receive;
pub mod rejection;
mod relay;
pub mod report;
pub mod request;
mod run;
pub mod scope;
pub mod side;
mod symbolic;
mod transport;
mod upload;
pub mod url;
mod withhold;

pub use clients::Clients;
pub use knock::knock;
pub use run::{glance, run};
pub use transport::OWN_VARIABLES;
