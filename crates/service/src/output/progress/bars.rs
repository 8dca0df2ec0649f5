//! Progress for people: three lines at most, which go when the run is over.

use std::time::Duration;

use engine::error::Stage;
use engine::event::Event;
use engine::side::{Both, Side};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::summary::{grouped, human_bytes, human_time};

/// The line of each server's own progress, and between them the line of the relay.
#[derive(Debug)]
pub(super) struct Bars {
    screen: MultiProgress,
    relay: ProgressBar,
    remote: Both<Option<ProgressBar>>,
    objects: u32,
}

impl Bars {
    pub(super) fn new() -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let relay = screen.add(ProgressBar::new_spinner().with_style(style("{spinner} {msg} ({elapsed})")));
        relay.enable_steady_tick(Duration::from_millis(120));
        Self {
            screen,
            relay,
            remote: Both::default(),
            objects: 0,
        }
    }

    pub(super) fn tell(&mut self, event: &Event) {
        match event {
            Event::Stage(stage) => self.stage(*stage),
            Event::PackStarted { objects } => {
                self.objects = *objects;
                // The time before the first byte is the source's own, and would spoil the rate.
                self.relay.reset();
                self.relay.set_style(style(
                    "{spinner} {msg} {binary_bytes}, {binary_bytes_per_sec} ({elapsed})",
                ));
                self.relay
                    .set_message(format!("relaying {} objects:", grouped((*objects).into())));
            }
            Event::Relayed { bytes } => self.relay.set_position(*bytes),
            Event::PackSent { bytes } => {
                let line = format!(
                    "relayed {} objects: {} in {}",
                    grouped(self.objects.into()),
                    human_bytes(*bytes),
                    human_time(self.relay.elapsed())
                );
                self.println(&line);
                // The target indexes what it got, and checks it in silence.
                self.stage(Stage::Report);
            }
            Event::Observed {
                source,
                target,
                differing,
            } => self.relay.set_message(format!(
                "{} references on the source, {} on the target, {} differ",
                grouped(*source),
                grouped(*target),
                grouped(*differing)
            )),
            Event::Remote { .. } | Event::Reference(_) | Event::Warning(_) => {}
        }
    }

    fn stage(&mut self, stage: Stage) {
        self.relay.set_style(style("{spinner} {msg} ({elapsed})"));
        self.relay.set_message(stage.to_string());
        self.relay.reset_elapsed();
    }

    /// A line of a server's progress; the last of its kind stays.
    pub(super) fn remote(&mut self, side: Side, text: String, last: bool) {
        if last {
            if let Some(bar) = self.remote.of_mut(side).take() {
                bar.finish_and_clear();
                self.screen.remove(&bar);
            }
            self.println(&text);
            return;
        }
        let bar = match self.remote.of_mut(side) {
            Some(bar) => bar,
            none => {
                let bar = ProgressBar::new_spinner().with_style(style("{wide_msg}"));
                none.insert(match side {
                    Side::Source => self.screen.insert_before(&self.relay, bar),
                    Side::Target => self.screen.insert_after(&self.relay, bar),
                })
            }
        };
        bar.set_message(text);
        bar.tick();
    }

    /// A line that stays, above the bars.
    pub(super) fn println(&self, line: &str) {
        // If the terminal is gone, so is the person.
        let _ = self.screen.println(line);
    }

    pub(super) fn clear(&mut self) {
        self.relay.finish_and_clear();
        let _ = self.screen.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant of ours, shown by a test")
}
