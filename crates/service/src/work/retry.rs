//! How long to wait before trying again. Pure: the clock and the dice are given.

use std::time::Duration;

/// The first wait.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The first wait after a fault that trying again alone rarely mends: an address, a permission, a certificate.
const UNLIKELY: Duration = Duration::from_secs(60);

/// For how long a source may show the value that a webhook called the old one before the webhook is no longer believed.
const STALE_FOR: Duration = Duration::from_secs(120);

/// A number from 0 to 1 that spreads waits, so that what failed together is not tried together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(pub(super) f64);

impl Dice {
    /// Rolled anew.
    pub(super) fn roll() -> Self {
        Self(rand::random())
    }

    /// Between three quarters and five quarters of a wait.
    fn spread(self, wait: Duration) -> Duration {
        wait.mul_f64(0.75 + 0.5 * self.0.clamp(0.0, 1.0))
    }
}

/// After so many failures in a row (from 1): 1 s, 2 s, 4 s … 1 h.
pub(super) fn after_failures(failures: u32, dice: Dice) -> Duration {
    doubled(SHORTEST, failures, dice)
}

/// The same from 1 min on, where somebody must change something first.
pub(super) fn after_unlikely(failures: u32, dice: Dice) -> Duration {
    doubled(UNLIKELY, failures, dice)
}

/// For something that is due for so long already: as long again.
pub(super) fn after_age(age: Duration, dice: Dice) -> Duration {
    dice.spread(age.clamp(SHORTEST, LONGEST))
}

/// The same for a source that still shows the old value; `None` once it is left to the next sweep.
pub(super) fn after_stale(age: Duration, dice: Dice) -> Option<Duration> {
    (age < STALE_FOR).then(|| after_age(age, dice))
}

fn doubled(first: Duration, failures: u32, dice: Dice) -> Duration {
    let times = 2_u32.saturating_pow(failures.saturating_sub(1));
    dice.spread(first.saturating_mul(times).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Dice = Dice(0.5);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_from_a_second_to_an_hour() {
        let waits: Vec<u64> = (1..=14)
            .map(|failures| after_failures(failures, EVEN).as_secs())
            .collect();
        assert_eq!(
            waits,
            [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]
        );
        assert_eq!(after_failures(u32::MAX, EVEN), seconds(3600));
    }

    #[test]
    fn what_somebody_must_mend_is_tried_rarely() {
        assert_eq!(after_unlikely(1, EVEN), seconds(60));
        assert_eq!(after_unlikely(3, EVEN), seconds(240));
        assert_eq!(after_unlikely(20, EVEN), seconds(3600));
    }

    #[test]
    fn jitter_spreads_by_a_quarter_to_either_side() {
        assert_eq!(after_failures(3, Dice(0.0)), seconds(3));
        assert_eq!(after_failures(3, Dice(1.0)), seconds(5));
        let rolled = after_failures(3, Dice::roll());
        assert!((seconds(3)..=seconds(5)).contains(&rolled), "{rolled:?}");
    }

    #[test]
    fn a_wait_by_age_doubles_the_age() {
        assert_eq!(after_age(Duration::ZERO, EVEN), seconds(1));
        assert_eq!(after_age(seconds(30), EVEN), seconds(30));
        assert_eq!(after_age(seconds(100_000), EVEN), seconds(3600));
    }

    #[test]
    fn a_stale_source_is_given_up_after_two_minutes() {
        assert_eq!(after_stale(seconds(64), EVEN), Some(seconds(64)));
        assert_eq!(after_stale(seconds(120), EVEN), None);
    }
}
