//! How often one client may ask: a bucket for each that fills again evenly. Their number is bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many clients are remembered. Past that, those whose buckets are full again are forgotten, and then all.
const CLIENTS: usize = 10_000;

/// Whom a limit is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// An IPv4 address.
    Address(IpAddr),
    /// The network of an IPv6 address: who has one address has all of its /64.
    Network([u16; 4]),
    /// A token, by its id.
    Token(String),
}

impl Client {
    /// Who asks from an address.
    pub(crate) fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::Network([a, b, c, d])
            }
            address => Self::Address(address),
        }
    }
}

/// Buckets by client.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    levels: Mutex<HashMap<K, Level>>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    /// What is left.
    left: f64,
    /// When that was so.
    at: Instant,
}

/// How large a bucket is and how fast it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// A second.
    pub(crate) each_second: f64,
    /// At once.
    pub(crate) burst: f64,
}

impl Rate {
    fn filled(self, level: Level, now: Instant) -> f64 {
        let since = now.saturating_duration_since(level.at).as_secs_f64();
        (level.left + since * self.each_second).min(self.burst)
    }
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self {
            levels: Mutex::default(),
        }
    }
}

impl<K: Hash + Eq> Buckets<K> {
    /// Takes one from a client's bucket; the error says after which time there is one again.
    pub(crate) fn take(&self, client: K, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut levels, rate, now);
        let level = levels.entry(client).or_insert(Level {
            left: rate.burst,
            at: now,
        });
        *level = Level {
            left: rate.filled(*level, now),
            at: now,
        };
        if level.left < 1.0 {
            return Err(Duration::from_secs_f64(
                (1.0 - level.left) / rate.each_second.max(1e-6),
            ));
        }
        level.left -= 1.0;
        Ok(())
    }

    /// After which time there is one in a client's bucket; zero if there is. Takes nothing.
    pub(crate) fn wait(&self, client: &K, rate: Rate, now: Instant) -> Duration {
        let levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let left = levels
            .get(client)
            .map_or(rate.burst, |level| rate.filled(*level, now));
        Duration::from_secs_f64((1.0 - left).max(0.0) / rate.each_second.max(1e-6))
    }
}

fn make_room<K: Hash + Eq>(levels: &mut HashMap<K, Level>, rate: Rate, now: Instant) {
    if levels.len() < CLIENTS {
        return;
    }
    levels.retain(|_, level| rate.filled(*level, now) < rate.burst);
    if levels.len() >= CLIENTS {
        levels.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        each_second: 2.0,
        burst: 3.0,
    };

    #[test]
    fn a_client_that_asks_too_often_waits_and_others_do_not() {
        let buckets = Buckets::default();
        let start = Instant::now();
        for _ in 0..3 {
            buckets.take("a", RATE, start).unwrap();
        }
        assert_eq!(buckets.take("a", RATE, start), Err(Duration::from_millis(500)));
        assert_eq!(buckets.wait(&"a", RATE, start), Duration::from_millis(500));
        buckets.take("b", RATE, start).unwrap();
        let later = start + Duration::from_millis(500);
        assert_eq!(buckets.wait(&"a", RATE, later), Duration::ZERO);
        buckets.take("a", RATE, later).unwrap();
        buckets.take("a", RATE, later).unwrap_err();
    }

    #[test]
    fn a_bucket_does_not_grow_past_its_size() {
        let buckets = Buckets::default();
        let start = Instant::now();
        buckets.take("a", RATE, start).unwrap();
        let later = start + Duration::from_secs(3_600);
        for _ in 0..3 {
            buckets.take("a", RATE, later).unwrap();
        }
        buckets.take("a", RATE, later).unwrap_err();
    }

    #[test]
    fn the_number_of_clients_is_bounded() {
        let buckets = Buckets::default();
        let now = Instant::now();
        for client in 0..3 * CLIENTS {
            buckets.take(client, RATE, now).unwrap();
        }
        assert!(buckets.levels.lock().unwrap().len() <= CLIENTS);
    }
}
