//! Runs of the engine between real repositories, over real servers.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod ahead;
mod apart;
mod cuts;
mod dead_source;
mod errors;
mod haves;
mod hostile;
mod hosts;
mod kept;
mod leases;
mod lineage;
mod listings;
mod many;
mod memory;
mod mirror;
mod packets;
mod packs;
mod reach;
mod reports;
mod scene;
mod several;
mod shared;
mod stale;
mod symbolic;
mod timing;
mod transports;
mod two_way;
