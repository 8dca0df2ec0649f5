//! What is written down and told while a run goes on: its row, its log, what it is about to write.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::base::Intent;
use engine::event::{Event, Listener};
use engine::keeper::Recorder;
use futures_util::future::BoxFuture;
use gitwire::RefName;
use gitwire::message::sanitize;
use store::StoreError;
use store::queue::{Claim, Work};
use store::run::{LogLine, Run, State};
use tokio::sync::OnceCell;

use super::turned;
use crate::app::App;
use crate::live::Happened;
use crate::output::json::words::StageWord;
use crate::output::names::short;

/// How often progress is told to those who watch.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// How often the log is stored while a run goes on.
const STORE_EVERY: Duration = Duration::from_millis(500);

/// The most lines of a run's log.
const MOST_LINES: u32 = 10_000;

/// The journal of one run.
#[derive(Debug)]
pub(super) struct Journal {
    app: Arc<App>,
    claim: Claim,
    run: Run,
    turned: bool,
    begun: OnceCell<()>,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    lines: Vec<LogLine>,
    number: u32,
    stage: &'static str,
    bytes: u64,
    told: Option<Instant>,
}

impl Journal {
    /// For a run under a claim; `turned` if its sides are exchanged.
    pub(super) fn new(app: &Arc<App>, claim: &Claim, run: Run, turned: bool) -> Arc<Self> {
        Arc::new(Self {
            app: Arc::clone(app),
            claim: claim.clone(),
            run,
            turned,
            begun: OnceCell::new(),
            notes: Mutex::default(),
        })
    }

    /// The run as it began.
    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    /// Writes down that the run is under way, once. A sweep that finds nothing never does.
    pub(super) async fn begin(&self) -> Result<(), StoreError> {
        let begin = || async {
            self.app.store.begin_run(&self.claim, &self.run).await?;
            // Of a run that is begun anew, the lines go on after those that are there: no other has their numbers.
            if matches!(self.claim.work, Work::Asked(_)) {
                let last = self.app.store.run_log_end(&self.run.id).await?;
                let mut notes = self.lock();
                notes.number = notes.number.max(last);
            }
            self.tell_state(State::Running);
            Ok(())
        };
        self.begun.get_or_try_init(begin).await.map(|_| ())
    }

    /// What time it is for all processes.
    pub(super) fn now(&self) -> store::Time {
        self.app.store.now()
    }

    /// Whether its sides are exchanged for the engine.
    pub(super) fn is_turned(&self) -> bool {
        self.turned
    }

    /// Whether the run has a row.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.initialized() || matches!(self.claim.work, Work::Asked(_))
    }

    /// Tells those who watch how the run is.
    pub(super) fn tell_state(&self, state: State) {
        self.app.live.tell(Happened::Run {
            id: self.run.id.clone(),
            mirror: self.run.mirror.clone(),
            state,
        });
    }

    /// Notes what the engine tells.
    pub(super) fn listener(self: &Arc<Self>) -> Listener {
        let journal = Arc::clone(self);
        Listener::new(move |event| journal.hear(event))
    }

    /// Adds a line to the log.
    pub(super) fn note(&self, level: &str, text: &str) {
        let line = {
            let mut notes = self.lock();
            if notes.number >= MOST_LINES {
                return;
            }
            notes.number += 1;
            let last = notes.number == MOST_LINES;
            let line = LogLine {
                number: notes.number,
                at: self.app.store.now(),
                level: level.to_owned(),
                text: match last {
                    true => "the log is full: what follows is left out".to_owned(),
                    false => sanitize(text),
                },
            };
            notes.lines.push(line.clone());
            line
        };
        let id = self.run.id.clone();
        self.app.live.tell(Happened::Log { id, line });
    }

    /// Takes the lines that are not stored yet.
    pub(super) fn take_lines(&self) -> Vec<LogLine> {
        std::mem::take(&mut self.lock().lines)
    }

    /// Stores the log every now and then; never comes back. A failure costs nothing, and neither does being dropped in the middle, when
    /// the run ends: lines are let go only once they are stored, and what is left goes with the record.
    pub(super) async fn keep_storing(&self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(STORE_EVERY).await;
            if !self.begun.initialized() {
                continue;
            }
            let lines = self.lock().lines.clone();
            let Some(last) = lines.last() else { continue };
            match self.app.store.append_log(&self.run.id, &lines).await {
                Ok(()) => self.lock().lines.retain(|line| line.number > last.number),
                Err(error) => {
                    tracing::warn!(run = %self.run.id, %error, "cannot store a part of the log");
                }
            }
        }
    }

    fn hear(&self, event: Event) {
        match event {
            Event::Stage(stage) => {
                let stage = stage_word(StageWord::from(stage));
                {
                    let mut notes = self.lock();
                    notes.stage = stage;
                    notes.told = None;
                }
                self.progress(0);
            }
            Event::Observed {
                source,
                target,
                differing,
            } => self.note(
                "info",
                &format!("{source} references on the source, {target} on the target, {differing} differ"),
            ),
            Event::PackStarted { objects } => self.note("info", &format!("a pack of {objects} objects")),
            Event::Relayed { bytes } => self.progress(bytes),
            Event::PackSent { bytes } => {
                // All of it, however soon after what was told last: nothing more may come for long.
                self.lock().told = None;
                self.progress(bytes);
                self.note("info", &format!("sent {bytes} bytes, waiting for the report"));
            }
            Event::Remote { transient: true, .. } => {}
            Event::Remote { side, line, .. } => {
                let side = match self.turned {
                    true => side.other(),
                    false => side,
                };
                self.note("remote", &format!("{side}: {line}"));
            }
            Event::Reference(reference) => {
                let id = |id: Option<gitwire::Oid>| {
                    id.map_or("nothing".to_owned(), |id| id.to_hex_with_len(10).to_string())
                };
                let level = match reference.exit() {
                    engine::report::Exit::InSync => "info",
                    _ => "warning",
                };
                let text = format!(
                    "{}: {} → {} ({})",
                    short(&reference.name),
                    id(reference.old),
                    id(reference.new),
                    super::record::said(&reference.outcome, self.run.inputs.dry_run)
                );
                self.note(level, &text);
            }
            Event::Warning(text) => self.note("warning", &text),
        }
    }

    fn progress(&self, bytes: u64) {
        let stage = {
            let mut notes = self.lock();
            notes.bytes = bytes;
            if notes.told.is_some_and(|told| told.elapsed() < PROGRESS_EVERY) {
                return;
            }
            notes.told = Some(Instant::now());
            notes.stage
        };
        let id = self.run.id.clone();
        self.app.live.tell(Happened::Progress { id, stage, bytes });
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Journal {
    fn intend<'a>(&'a self, writes: &'a [(RefName, Intent)]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            // A one-off run has no mirror, and so nothing that remembers.
            if self.claim.mirror.is_none() {
                return self.begin().await.map_err(|error| error.to_string());
            }
            let writes: Vec<(RefName, Intent)> = writes
                .iter()
                .map(|(name, intent)| {
                    let intent = match self.turned {
                        true => turned::intent(*intent),
                        false => *intent,
                    };
                    (name.clone(), intent)
                })
                .collect();
            let recorded = async {
                self.begin().await?;
                self.app
                    .store
                    .intend(&self.claim, &writes, self.app.store.now())
                    .await
            };
            recorded.await.map_err(|error| error.to_string())
        })
    }
}

fn stage_word(stage: StageWord) -> &'static str {
    match stage {
        StageWord::Observe => "observe",
        StageWord::Decide => "decide",
        StageWord::Relay => "relay",
        StageWord::Report => "report",
    }
}

#[cfg(test)]
mod tests {
    use store::Time;

    use super::*;
    use crate::work::begun;
    use crate::work::tests::scene::Scene;

    #[tokio::test]
    async fn a_run_that_is_begun_anew_goes_on_with_its_log() {
        let scene = Scene::one_way("").await;
        let store = scene.store();
        let run = scene.asked(store::run::Inputs::default());
        store.ask_run(&run, Time::now()).await.unwrap();
        let told = ["2 differ", "cut: the process stops", "1 differs"];
        for text in told {
            let lease = Duration::from_secs(60);
            let claim = store.claim("w1", &|_, _| true, lease, Time::now());
            let claim = claim.await.unwrap().unwrap();
            let journal = begun::journal(&scene.app, &claim);
            journal.begin().await.unwrap();
            journal.note("info", text);
            store.append_log(&run.id, &journal.take_lines()).await.unwrap();
            store.release(&claim, Time::now()).await.unwrap();
        }
        let log = store.run_log(&run.id, 0, 0).await.unwrap();
        let log: Vec<&str> = log.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(log, told);
    }

    #[tokio::test]
    async fn a_log_that_is_being_stored_when_its_run_ends_is_whole() {
        let scene = Scene::one_way("").await;
        let run = scene.asked(store::run::Inputs::default());
        scene.store().ask_run(&run, Time::now()).await.unwrap();
        let lease = Duration::from_secs(60);
        let claim = scene.store().claim("w1", &|_, _| true, lease, Time::now());
        let journal = begun::journal(&scene.app, &claim.await.unwrap().unwrap());
        journal.begin().await.unwrap();
        journal.note("remote", "target: only the release managers push here");
        {
            let mut storing = std::pin::pin!(journal.keep_storing());
            assert!(futures_util::poll!(&mut storing).is_pending());
            tokio::time::sleep(STORE_EVERY * 2).await;
            // Now it is about to store it.
            assert!(futures_util::poll!(&mut storing).is_pending());
        }
        let stored = scene.store().run_log(&run.id, 0, 0).await.unwrap();
        let log: Vec<LogLine> = stored.into_iter().chain(journal.take_lines()).collect();
        assert!(!log.is_empty());
        assert!(
            log.iter().all(|line| line.text.contains("release managers")),
            "{log:?}"
        );
    }
}
