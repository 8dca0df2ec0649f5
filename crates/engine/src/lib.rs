//! One run of refsync: observe both sides, decide, relay, report.
//!
//! The spine is [`run`]. This crate knows no database, no web and no command line, and writes nothing to the disk.

pub mod decide;
pub mod error;
pub mod event;
pub mod rejection;
pub mod report;
pub mod request;
pub mod scope;
pub mod side;
pub mod url;
mod run;
mod listing;
mod observe;
mod plan;
mod receive;
mod relay;
mod transport;
mod upload;

pub use run::run;
