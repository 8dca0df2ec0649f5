//! How many runs a process has under way while deliveries come in.
//!
//! A host waits a few seconds for the answer to its delivery, and stops sending to an address that often keeps it waiting; a run can
//! wait. Both want the same processors, disk and database. So a burst of deliveries leaves room for as many runs as there are
//! processors, and so does a start, since hosts may have waited for it. From there the number follows how long deliveries wait: it is halved when one waited too long, and grows by one at a
//! time while none does (additive increase, multiplicative decrease, as RFC 5681 has it for connections). Without deliveries nothing
//! is held back.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A delivery that waited longer was kept waiting by something.
const SLOW: Duration = Duration::from_millis(25);

/// How long a change of the number takes to show.
const SETTLE: Duration = Duration::from_millis(100);

/// How long until one more run is tried.
const GROW: Duration = Duration::from_secs(1);

/// How long without a delivery until nothing is held back.
const CALM: Duration = Duration::from_secs(1);

/// So many deliveries within [`WINDOW`] are a burst: people who push do not come near it, a forge that was away does.
const BURST: u32 = 20;

/// The time in which deliveries are counted.
const WINDOW: Duration = Duration::from_millis(250);

/// How many runs may be under way.
#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    processors: usize,
}

#[derive(Debug)]
struct State {
    /// The last delivery, or the start.
    last: Option<Instant>,
    /// When counting began, and how many there were since.
    counted: Option<(Instant, u32)>,
    /// As many as the configuration allows, or fewer.
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    runs: usize,
    since: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self::started(
            std::thread::available_parallelism().map_or(1, NonZero::get),
            Instant::now(),
        )
    }
}

impl Pace {
    fn started(processors: usize, now: Instant) -> Self {
        let state = State {
            last: Some(now),
            counted: None,
            held: Some(Held {
                runs: processors,
                since: now,
            }),
        };
        Self {
            state: Mutex::new(state),
            processors,
        }
    }

    /// Notes how long a delivery waited until it was written down, while at most `limit` runs were allowed by the configuration.
    pub(crate) fn waited(&self, waited: Duration, limit: usize, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calm_down(now);
        state.last = Some(now);
        let is_burst = state.counts_burst(now);
        let is_slow = waited >= SLOW;
        let runs = match &state.held {
            None if is_burst => limit.min(self.processors).max(1),
            None if is_slow => halved(limit),
            Some(held) if is_slow && now.saturating_duration_since(held.since) >= SETTLE => halved(held.runs),
            _ => return,
        };
        state.held = Some(Held { runs, since: now });
    }

    /// How many runs may be under way now, of the `limit` that the configuration allows.
    pub(crate) fn allowed(&self, limit: usize, now: Instant) -> usize {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calm_down(now);
        let Some(held) = &mut state.held else {
            return limit;
        };
        while held.runs < limit && now.saturating_duration_since(held.since) >= GROW {
            held.runs += 1;
            held.since += GROW;
        }
        held.runs.min(limit)
    }
}

impl State {
    fn calm_down(&mut self, now: Instant) {
        let is_calm = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= CALM);
        if is_calm {
            self.held = None;
        }
    }

    fn counts_burst(&mut self, now: Instant) -> bool {
        let (since, count) = match self.counted {
            Some((since, count)) if now.saturating_duration_since(since) < WINDOW => (since, count + 1),
            _ => (now, 1),
        };
        self.counted = Some((since, count));
        count >= BURST
    }
}

/// Half as many, and never none.
fn halved(runs: usize) -> usize {
    (runs / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That of a process on two processors which started a while ago.
    fn pace() -> (Pace, Instant) {
        let now = Instant::now();
        (Pace::started(2, now), now + CALM)
    }

    #[test]
    fn a_start_leaves_room_for_those_who_waited_for_it() {
        let now = Instant::now();
        let pace = Pace::started(2, now);
        assert_eq!(pace.allowed(16, now), 2);
        assert_eq!(pace.allowed(16, now + CALM), 16);
    }

    #[test]
    fn deliveries_that_are_answered_soon_hold_nothing_back() {
        let (pace, mut now) = pace();
        for _ in 0..100 {
            pace.waited(SLOW / 2, 16, now);
            assert_eq!(pace.allowed(16, now), 16);
            now += WINDOW / (BURST - 2);
        }
    }

    #[test]
    fn a_burst_leaves_room_for_as_many_runs_as_processors() {
        let (pace, now) = pace();
        for _ in 0..BURST {
            assert_eq!(pace.allowed(16, now), 16);
            pace.waited(Duration::ZERO, 16, now);
        }
        assert_eq!(pace.allowed(16, now), 2);
        assert_eq!(
            pace.allowed(1, now),
            1,
            "a limit that was lowered meanwhile counts"
        );
    }

    #[test]
    fn runs_are_halved_while_deliveries_wait_and_never_to_none() {
        let (pace, mut now) = pace();
        let mut seen = Vec::new();
        for _ in 0..6 {
            pace.waited(SLOW, 16, now);
            seen.push(pace.allowed(16, now));
            now += SETTLE;
        }
        assert_eq!(seen, [8, 4, 2, 1, 1, 1]);
    }

    #[test]
    fn slow_answers_at_once_count_as_one() {
        let (pace, now) = pace();
        for _ in 0..BURST - 1 {
            pace.waited(SLOW * 4, 16, now);
        }
        assert_eq!(pace.allowed(16, now), 8);
    }

    #[test]
    fn runs_come_back_one_by_one_while_deliveries_come_and_all_at_once_after_them() {
        let (pace, mut now) = pace();
        pace.waited(SLOW, 4, now);
        assert_eq!(pace.allowed(4, now), 2);
        now += CALM / 2;
        pace.waited(Duration::ZERO, 4, now);
        now += GROW / 2;
        assert_eq!(pace.allowed(4, now), 3);
        pace.waited(Duration::ZERO, 4, now);
        assert_eq!(pace.allowed(4, now + CALM), 4);
        assert_eq!(pace.allowed(16, now + CALM), 16);
    }
}
