//! Holding a server at a point until the test says so.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::wait::DEADLINE;

/// A point at which servers wait: closed at first, opened once, by the test.
///
/// Clones are the same gate. A race is built from one: wait until the server has arrived, change the
/// world, open.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    changed_async: Notify,
}

#[derive(Debug, Default)]
struct State {
    arrivals: usize,
    open: bool,
}

impl Gate {
    /// A closed gate at which nobody has arrived.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// How many have arrived so far, waiting or through.
    pub fn arrivals(&self) -> usize {
        self.lock().arrivals
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.lock().open = true;
        self.announce();
    }

    /// Blocks until somebody has arrived. Not for an asynchronous test whose own tasks must go on meanwhile:
    /// see [`arrival`](Gate::arrival).
    ///
    /// # Panics
    ///
    /// When nobody arrives within a minute.
    pub fn wait_for_arrival(&self) {
        let (state, timeout) = self
            .inner
            .changed
            .wait_timeout_while(self.lock(), DEADLINE, |state| state.arrivals == 0)
            .unwrap_or_else(PoisonError::into_inner);
        drop(state);
        assert!(
            !timeout.timed_out(),
            "waited {DEADLINE:?} in vain for an arrival at a gate"
        );
    }

    /// Resolves when somebody has arrived.
    ///
    /// # Panics
    ///
    /// When nobody arrives within a minute.
    pub async fn arrival(&self) {
        let arrived = tokio::time::timeout(DEADLINE, self.wait(|state| state.arrivals > 0)).await;
        assert!(
            arrived.is_ok(),
            "waited {DEADLINE:?} in vain for an arrival at a gate"
        );
    }

    /// Arrives, and waits for the gate to open.
    pub(crate) async fn pass(&self) {
        self.lock().arrivals += 1;
        self.announce();
        self.wait(|state| state.open).await;
    }

    async fn wait(&self, condition: impl Fn(&State) -> bool) {
        loop {
            // Registered before the look, so that no change between the two is missed.
            let mut changed = std::pin::pin!(self.inner.changed_async.notified());
            changed.as_mut().enable();
            if condition(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    fn announce(&self) {
        self.inner.changed.notify_all();
        self.inner.changed_async.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_gate_holds_until_it_is_opened() {
        let gate = Gate::new();
        let through = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass().await }
        });
        gate.arrival().await;
        gate.wait_for_arrival();
        assert!(!through.is_finished());
        gate.open();
        through.await.unwrap();
        gate.pass().await;
        assert_eq!(gate.arrivals(), 2);
    }
}
