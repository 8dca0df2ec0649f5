//! A run while it is watched: its log as it comes, and below it, on a terminal, one line that says where it is.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::marks;
use super::names::visible;
use super::runs::{log_line, short_id};
use super::screen::Screen;
use super::summary::human_bytes;
use crate::api::model::run::{Run, RunState};
use crate::client::Update;

/// Tells what a run does, on standard error.
#[derive(Debug)]
pub(crate) struct Watching {
    screen: Screen,
    bar: ProgressBar,
    name: String,
    state: RunState,
}

impl Watching {
    /// Of a run as it is now.
    pub(crate) fn new(run: &Run) -> Self {
        let screen = Screen::of_stderr();
        let bar = if screen.is_terminal() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg}  {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(120));
        let mirror = run.mirror.as_deref().unwrap_or("one-off run");
        let watching = Self {
            screen,
            bar,
            name: format!("{} {}", visible(mirror.as_bytes()), short_id(&run.id)),
            state: run.state,
        };
        watching.at(marks::run(run.state).word);
        watching
    }

    /// Tells news of it.
    pub(crate) fn tell(&mut self, update: Update) {
        match update {
            Update::Log(line) => {
                let text = log_line(&line, &self.screen);
                self.bar.suspend(|| super::Aside::new().written(&text));
            }
            Update::Progress(progress) => {
                let bytes = if progress.bytes > 0 {
                    format!(", {}", human_bytes(progress.bytes))
                } else {
                    String::new()
                };
                self.at(&format!("{}{bytes}", visible(progress.stage.as_bytes())));
            }
            Update::Run(run) if run.state != self.state => {
                self.state = run.state;
                self.at(marks::run(run.state).word);
            }
            Update::Run(_) => {}
        }
    }

    /// It is over.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn at(&self, what: &str) {
        self.bar.set_message(format!("{}: {what}", self.name));
    }
}
