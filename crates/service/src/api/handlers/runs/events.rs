//! `GET /api/v1/runs/{id}/events`: a run as it goes on, with its log.
//!
//! What is told comes from the database, so that it does not matter which process makes the run; what this process hears only wakes it up earlier.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aide::transform::TransformOperation;
use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream::unfold;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::api::extract::{Path, Query};
use crate::api::handlers::Identified;
use crate::api::model;
use crate::api::model::event::Progress;
use crate::api::refusal::Refusal;
use crate::api::stream::{Streams, event, open};
use crate::app::App;
use crate::live::Happened;
use crate::ops::{Caller, OpError, show};

/// How often the database is asked for what other processes did.
const LOOK: Duration = Duration::from_millis(500);

/// Lines of the log that are read at a time.
const LINES: u32 = 500;

/// From where a run's log is told.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::api) struct Start {
    /// Lines after that number. What connects again says by `Last-Event-ID` which it had last.
    after: u32,
}

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("runsEvents").tag("runs").summary("Watch a run").description(
        "Server-sent events: `state` with the run, at first and whenever it changed; `log` with a line, whose number is the event's id, so that \
         `Last-Event-ID` goes on after it, as `after` does at first; `progress`; and `end` with the run when it is over, after which the stream ends.",
    )
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    State(streams): State<Streams>,
    caller: Caller,
    headers: HeaderMap,
    Path(Identified { id }): Path<Identified>,
    Query(start): Query<Start>,
) -> Result<Response, Refusal> {
    // Listened to before the first look, so that nothing falls in between.
    let happened = app.live.watch();
    let run = caller.run(&app, &id).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let watch = Watch {
        id: run.id,
        line: last.and_then(|id| id.trim().parse().ok()).unwrap_or(start.after),
        told: None,
        ready: VecDeque::new(),
        is_over: false,
        happened,
        app: Arc::clone(&app),
    };
    open(&app, &streams, watch.stream())
}

struct Watch {
    app: Arc<App>,
    id: String,
    /// The last line that was told.
    line: u32,
    /// The run as it was told last.
    told: Option<model::run::Run>,
    /// Events that are to be told.
    ready: VecDeque<Event>,
    is_over: bool,
    happened: Receiver<Happened>,
}

impl Watch {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            if self.told.is_some() {
                self.wait().await?;
            }
            if self.ready.is_empty() {
                // The database cannot be asked: the client connects again and finds out.
                self.look().await.ok()?;
            }
        }
    }

    /// Waits until there may be something new. Progress is told right away: the database does not have it.
    async fn wait(&mut self) -> Option<()> {
        let look = tokio::time::sleep(LOOK);
        tokio::pin!(look);
        loop {
            let happened = tokio::select! {
                () = &mut look => return Some(()),
                happened = self.happened.recv() => happened,
            };
            match happened {
                Ok(Happened::Progress { id, stage, bytes }) if id == self.id => {
                    let stage = stage.to_owned();
                    self.ready
                        .push_back(event("progress", &Progress { stage, bytes }));
                    return Some(());
                }
                Ok(Happened::Log { id, line }) if id == self.id && line.number == self.line + 1 => {
                    self.say(&show::log_line(line));
                    return Some(());
                }
                Ok(Happened::Run { id, .. } | Happened::Log { id, .. }) if id == self.id => return Some(()),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(()),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Tells what is new in the database: the run before its log is read, so that a run that is over has all of it.
    async fn look(&mut self) -> Result<(), OpError> {
        let run = show::run(self.app.store.run(&self.id).await?);
        loop {
            let lines = self.app.store.run_log(&self.id, self.line, LINES).await?;
            let is_last = lines.len() < LINES as usize;
            for line in lines {
                self.say(&show::log_line(line));
            }
            if is_last {
                break;
            }
        }
        self.is_over = run.state.is_over();
        if self.told.as_ref() != Some(&run) {
            self.ready.push_back(event("state", &run));
        }
        if self.is_over {
            self.ready.push_back(event("end", &run));
        }
        self.told = Some(run);
        Ok(())
    }

    fn say(&mut self, line: &model::run::LogLine) {
        if line.number > self.line {
            self.line = line.number;
            self.ready
                .push_back(event("log", line).id(line.number.to_string()));
        }
    }
}
