//! Progress for logs: whole lines, rarely.

use std::time::{Duration, Instant};

use engine::error::Stage;
use engine::event::Event;

use super::rate;
use crate::output::summary::{grouped, human_bytes, human_time};

/// The first line comes after a second, the next ones after twice as long each, up to this: an hour is 120 lines.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a plain line would say. Nothing is written for a run that is over within a second.
#[derive(Debug)]
pub(super) struct Plain {
    started: Instant,
    due: Instant,
    pause: Duration,
    stage: Option<Stage>,
    pack: Option<Pack>,
    /// The last progress of a server since the last line.
    remote: Option<String>,
}

#[derive(Debug)]
struct Pack {
    started: Instant,
    objects: u32,
    bytes: u64,
    sent: bool,
}

impl Plain {
    pub(super) fn new(now: Instant) -> Self {
        let pause = Duration::from_secs(1);
        Self {
            started: now,
            due: now + pause,
            pause,
            stage: None,
            pack: None,
            remote: None,
        }
    }

    pub(super) fn tell(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Stage(stage) => {
                self.stage = Some(*stage);
                self.remote = None;
            }
            Event::PackStarted { objects } => {
                self.pack = Some(Pack {
                    started: now,
                    objects: *objects,
                    bytes: 0,
                    sent: false,
                });
                self.remote = None;
            }
            Event::Relayed { bytes } => {
                if let Some(pack) = &mut self.pack {
                    pack.bytes = *bytes;
                }
            }
            Event::PackSent { bytes } => {
                if let Some(pack) = &mut self.pack {
                    pack.bytes = *bytes;
                    pack.sent = true;
                }
                self.stage = Some(Stage::Report);
            }
            Event::Observed { .. } | Event::Remote { .. } | Event::Reference(_) | Event::Warning(_) => {}
        }
    }

    pub(super) fn remote(&mut self, text: String) {
        self.remote = Some(text);
    }

    /// The line that is due, if one is.
    pub(super) fn tick(&mut self, now: Instant) -> Option<String> {
        if now < self.due {
            return None;
        }
        let stage = self.stage?;
        self.due = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let elapsed = human_time(now.duration_since(self.started));
        let pack = self.pack.as_ref().map(|pack| pack.text(now));
        let remote = self.remote.take();
        let parts = [Some(stage.to_string()), pack, remote].into_iter().flatten();
        Some(format!("{} ({elapsed})", parts.collect::<Vec<_>>().join("; ")))
    }
}

impl Pack {
    fn text(&self, now: Instant) -> String {
        let objects = grouped(self.objects.into());
        let bytes = human_bytes(self.bytes);
        match rate(self.bytes, now.duration_since(self.started)) {
            _ if self.sent => format!("{objects} objects, {bytes}, all sent"),
            Some(rate) => format!("{objects} objects, {bytes} so far, {rate}"),
            None => format!("{objects} objects, {bytes} so far"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_short_run_says_nothing() {
        let start = Instant::now();
        let mut plain = Plain::new(start);
        plain.tell(&Event::Stage(Stage::Observe), start);
        assert_eq!(plain.tick(start + Duration::from_millis(900)), None);
    }

    #[test]
    fn a_long_run_says_where_it_is() {
        let start = Instant::now();
        let mut plain = Plain::new(start);
        plain.tell(&Event::Stage(Stage::Relay), start);
        plain.remote("source: Counting objects:  40% (2/5)".into());
        assert_eq!(
            plain.tick(start + seconds(1)).unwrap(),
            "relaying the pack; source: Counting objects:  40% (2/5) (1.0 s)"
        );
        plain.tell(&Event::PackStarted { objects: 12_345 }, start + seconds(2));
        plain.tell(&Event::Relayed { bytes: 2 << 20 }, start + seconds(3));
        assert_eq!(
            plain.tick(start + seconds(4)).unwrap(),
            "relaying the pack; 12,345 objects, 2.0 MiB so far, 1.0 MiB/s (4.0 s)"
        );
        plain.tell(&Event::PackSent { bytes: 3 << 20 }, start + seconds(5));
        assert_eq!(
            plain.tick(start + seconds(9)).unwrap(),
            "waiting for the report; 12,345 objects, 3.0 MiB, all sent (9.0 s)"
        );
    }

    #[test]
    fn an_hour_is_few_lines() {
        let start = Instant::now();
        let mut plain = Plain::new(start);
        plain.tell(&Event::Stage(Stage::Relay), start);
        let lines = (0..3600)
            .filter_map(|second| plain.tick(start + seconds(second)))
            .count();
        assert!((100..=130).contains(&lines), "{lines}");
    }
}
