//! How long each step of a run takes, told by its own events.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Stage;
use crate::event::{Event, Listener};

/// Measures the steps. A step that is entered again, as with several pushes, adds to its time.
#[derive(Debug, Default, Clone)]
pub(crate) struct Clock(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    running: Option<(Stage, Instant)>,
    done: Vec<(Stage, Duration)>,
}

impl Clock {
    /// A listener that tells `listener` everything and takes the time of each step. Once a pack is sent, what is waited for is
    /// the report.
    pub(crate) fn listening(&self, listener: &Listener) -> Listener {
        let (clock, listener) = (self.clone(), listener.clone());
        Listener::new(move |event| {
            let sent = matches!(event, Event::PackSent { .. });
            if let Event::Stage(stage) = event {
                clock.enter(Some(stage));
            }
            listener.tell(event);
            if sent {
                clock.enter(Some(Stage::Report));
                listener.tell(Event::Stage(Stage::Report));
            }
        })
    }

    /// The times so far, in the order in which the steps were first entered.
    pub(crate) fn stop(&self) -> Vec<(Stage, Duration)> {
        self.enter(None);
        std::mem::take(&mut self.times().done)
    }

    fn enter(&self, stage: Option<Stage>) {
        let mut times = self.times();
        if let Some((stage, since)) = times.running.take() {
            let spent = since.elapsed();
            match times.done.iter_mut().find(|(known, _)| *known == stage) {
                Some((_, sum)) => *sum += spent,
                None => times.done.push((stage, spent)),
            }
        }
        times.running = stage.map(|stage| (stage, Instant::now()));
    }

    fn times(&self) -> std::sync::MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
