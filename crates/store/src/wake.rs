//! Waking workers: inside a process by a `Notify`, between processes by PostgreSQL's LISTEN and NOTIFY.

use std::time::Duration;

use crate::Store;

impl Store {
    /// Comes back when something may be due, or after `at_most`: polling is the fallback. Register before looking:
    /// `let wake = store.waker(); look(); wake.wait(…)`.
    pub fn waker(&self) -> Waker {
        todo!()
    }
}

/// Registered before looking.
#[derive(Debug)]
pub struct Waker {}

impl Waker {
    /// Waits.
    pub async fn wait(&mut self, _at_most: Duration) {
        todo!()
    }
}
