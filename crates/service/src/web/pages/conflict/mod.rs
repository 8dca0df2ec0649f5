//! Conflicts: the list, one with both sides beside each other, and settling it.

mod choice;
mod list;
mod page;
mod settle;

pub(in crate::web) use list::list;
pub(in crate::web) use page::page;
pub(in crate::web) use settle::{settle, settle_shown};
