//! How many runs a process has under way while deliveries come in.
//!
//! A host waits a few seconds for the answer to its delivery, and stops sending to an address that often keeps it waiting; a run can
//! wait. Both want the same processors, disk and database. So the number of runs follows how long deliveries wait: it is halved when
//! one waited too long, and grows by one at a time while none does (additive increase, multiplicative decrease, as RFC 5681 has it for
//! connections). Without deliveries nothing is held back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A delivery that waited longer was kept waiting by something.
const SLOW: Duration = Duration::from_millis(25);

/// How long a change of the number takes to show.
const SETTLE: Duration = Duration::from_millis(100);

/// How long until one more run is tried.
const GROW: Duration = Duration::from_millis(250);

/// How many runs may be under way.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    /// As many as the configuration allows.
    #[default]
    Free,
    /// As many, since then.
    Held { runs: usize, since: Instant },
}

impl Pace {
    /// Notes how long a delivery waited until it was written down, while at most `limit` runs were allowed by the configuration.
    pub(crate) fn waited(&self, waited: Duration, limit: usize, now: Instant) {
        if waited < SLOW {
            return;
        }
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Free => {
                *state = State::Held {
                    runs: halved(limit),
                    since: now,
                }
            }
            State::Held { since, .. } if now.saturating_duration_since(*since) < SETTLE => {}
            State::Held { runs, since } => {
                *runs = halved(*runs);
                *since = now;
            }
        }
    }

    /// How many runs may be under way now, of the `limit` that the configuration allows.
    pub(crate) fn allowed(&self, limit: usize, now: Instant) -> usize {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Held { runs, since } = &mut *state else {
            return limit;
        };
        while *runs < limit && now.saturating_duration_since(*since) >= GROW {
            *runs += 1;
            *since += GROW;
        }
        if *runs >= limit {
            *state = State::Free;
            return limit;
        }
        *runs
    }
}

/// Half as many, and never none.
fn halved(runs: usize) -> usize {
    (runs / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_that_are_answered_soon_hold_nothing_back() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.waited(SLOW / 2, 16, now);
        assert_eq!(pace.allowed(16, now), 16);
    }

    #[test]
    fn runs_are_halved_while_deliveries_wait_and_never_to_none() {
        let (pace, mut now) = (Pace::default(), Instant::now());
        let mut seen = Vec::new();
        for _ in 0..6 {
            pace.waited(SLOW, 16, now);
            seen.push(pace.allowed(16, now));
            now += SETTLE;
        }
        assert_eq!(seen, [8, 4, 2, 1, 1, 1]);
    }

    #[test]
    fn a_hundred_slow_answers_at_once_count_as_one() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..100 {
            pace.waited(SLOW * 4, 16, now);
        }
        assert_eq!(pace.allowed(16, now), 8);
    }

    #[test]
    fn runs_come_back_one_by_one_and_to_the_limit_at_most() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.waited(SLOW, 4, now);
        assert_eq!(pace.allowed(4, now), 2);
        assert_eq!(pace.allowed(4, now + GROW), 3);
        assert_eq!(pace.allowed(4, now + GROW * 1_000), 4);
        // A limit that was lowered meanwhile counts.
        pace.waited(SLOW, 16, now);
        assert_eq!(pace.allowed(1, now), 1);
    }
}
