//! Waiting for conditions.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long the test kit waits for anything before it panics: long, for a loaded machine; a condition that
/// holds ends the wait at once.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Blocks until `condition` holds; looks again every few milliseconds.
///
/// `what` completes the sentence "waited for …". The condition is looked at once more after the deadline.
///
/// # Panics
///
/// When the condition does not hold within `deadline`.
pub fn until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < deadline,
            "waited {deadline:?} in vain for {what}"
        );
        pause();
    }
}

/// One short pause between two looks at a condition, for a test that has more to say than [`until`] when it waits in vain.
pub fn pause() {
    // A channel on which nothing ever comes: the one place where time is waited for.
    let (_sender, receiver) = channel::<()>();
    let ended = receiver.recv_timeout(Duration::from_millis(4));
    assert_eq!(
        ended,
        Err(RecvTimeoutError::Timeout),
        "nobody can send on this channel"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_comes_true_ends_the_wait() {
        let mut looks = 0;
        until("the third look", DEADLINE, || {
            looks += 1;
            looks == 3
        });
        assert_eq!(looks, 3);
    }

    #[test]
    #[should_panic(expected = "in vain for pigs to fly")]
    fn a_condition_that_never_holds_is_named() {
        until("pigs to fly", Duration::from_millis(1), || false);
    }
}
