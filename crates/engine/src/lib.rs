//! One run of refsync: observe both sides, decide, relay, report.
//!
//! The spine is [`run`]. This crate knows no database, no web and no command line, and writes nothing to the disk.

mod clock;
pub mod decide;
pub mod error;
pub mod event;
mod ledger;
mod listing;
mod observe;
mod plan;
mod prefetch;
mod prove;
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

pub use run::run;
