//! Runs of the engine between real repositories, over real servers.

mod mirror;
mod transports;
