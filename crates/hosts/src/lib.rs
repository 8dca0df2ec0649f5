//! What Git hosts send, accept and refuse: webhooks and their signatures, user names beside tokens, the calls that set up a
//! hook. Values in, values out: no I/O, no clock.

pub mod custom;
pub mod provider;
pub mod repository;
pub mod setup;
pub mod signature;
pub mod webhook;

pub use provider::Provider;
