//! `refsync serve` under people, faults and bad luck. The seed of a failed round is printed;
//! `REFSYNC_CHAOS_ROUNDS=300` makes as many rounds, `REFSYNC_CHAOS_SEED` begins with another seed.

mod canary;
mod people;
mod random;
mod rounds;
mod survive;
mod world;
