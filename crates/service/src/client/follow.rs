//! A run, followed to its end: by server-sent events, resumed after a cut; by asking every second where there are none.

use std::time::{Duration, Instant};

use reqwest::header::ACCEPT;
use serde::de::DeserializeOwned;

use super::events::{Event, Parser};
use super::{Call, Client, ClientError, is_unknown};
use crate::api::model::Page;
use crate::api::model::event::Progress;
use crate::api::model::run::{LogLine, LogQuery, Run};

/// How long a stream may be silent. Servers send a comment more often than that.
const SILENCE: Duration = Duration::from_secs(45);
/// Between two looks where there is no stream, and between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// For how long a server may be away, for instance to start anew.
const AWAY: Duration = Duration::from_secs(120);

/// Something new about a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Update {
    /// Its log grew.
    Log(LogLine),
    /// It goes on.
    Progress(Progress),
    /// Its state, or something else of it, changed.
    Run(Box<Run>),
}

/// How a stream ended.
enum Stream {
    /// With the end of the run.
    Over(Box<Run>),
    /// It was cut, or the server has none.
    Cut,
}

/// What was told already, so that nothing is told twice.
#[derive(Debug, Default)]
struct Told {
    line: u32,
    parser: Parser,
}

impl Client {
    /// Follows a run and tells each news once; comes back with the run as it ended.
    ///
    /// # Errors
    ///
    /// When there is no such run, or the server stays away for two minutes. The run goes on without its watcher.
    pub(crate) async fn follow(&self, id: &str, mut tell: impl FnMut(Update)) -> Result<Run, ClientError> {
        let mut told = Told::default();
        let mut streams = true;
        let mut away_since: Option<Instant> = None;
        loop {
            let round = self.round(id, &mut told, &mut streams, &mut tell).await;
            match round {
                Ok(Some(run)) => return Ok(run),
                Ok(None) => away_since = None,
                Err(error) if error.may_pass() => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > AWAY {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One stream as long as it holds, then a look of our own: the run, if it is over.
    async fn round(
        &self,
        id: &str,
        told: &mut Told,
        streams: &mut bool,
        tell: &mut impl FnMut(Update),
    ) -> Result<Option<Run>, ClientError> {
        if *streams {
            match self.stream(id, told, tell).await {
                Ok(Stream::Over(run)) => {
                    self.rest_of_log(id, told, tell).await?;
                    return Ok(Some(*run));
                }
                Ok(Stream::Cut) => {}
                // An older server, or a proxy that lets no stream through: asking does, too.
                Err(error) if is_unknown(&error) => *streams = false,
                Err(error) => return Err(error),
            }
        }
        let run: Run = self.ask(Call::get(&["runs", id])).await?;
        self.rest_of_log(id, told, tell).await?;
        tell(Update::Run(Box::new(run.clone())));
        Ok(run.state.is_over().then_some(run))
    }

    async fn stream(
        &self,
        id: &str,
        told: &mut Told,
        tell: &mut impl FnMut(Update),
    ) -> Result<Stream, ClientError> {
        told.parser = std::mem::take(&mut told.parser).reconnected();
        let mut request = self
            .request(Call::get(&["runs", id, "events"]))
            .header(ACCEPT, "text/event-stream");
        if let Some(last) = told.parser.last_id() {
            request = request.header("last-event-id", last);
        }
        let mut response = self.send(request).await?;
        loop {
            let chunk = match tokio::time::timeout(SILENCE, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                // The end without `end`, an error, or silence: whoever is on the other side is gone.
                _ => return Ok(Stream::Cut),
            };
            for event in told.parser.feed(&chunk) {
                if let Some(run) = self.heard(&event, told, tell)? {
                    return Ok(Stream::Over(Box::new(run)));
                }
            }
        }
    }

    /// Tells one event; gives the run if that was its end.
    fn heard(
        &self,
        event: &Event,
        told: &mut Told,
        tell: &mut impl FnMut(Update),
    ) -> Result<Option<Run>, ClientError> {
        match event.name.as_str() {
            "log" => told.line(self.read(event)?, tell),
            "progress" => tell(Update::Progress(self.read(event)?)),
            "state" => tell(Update::Run(Box::new(self.read(event)?))),
            "end" => {
                let run: Run = self.read(event)?;
                tell(Update::Run(Box::new(run.clone())));
                return Ok(Some(run));
            }
            // Of a later version.
            _ => {}
        }
        Ok(None)
    }

    fn read<T: DeserializeOwned>(&self, event: &Event) -> Result<T, ClientError> {
        serde_json::from_str(&event.data).map_err(|error| ClientError::Unreadable {
            server: self.address(),
            reason: error.to_string(),
        })
    }

    /// The lines of a run's log after a number, page by page.
    pub(crate) async fn log(&self, id: &str, after: u32) -> Result<Vec<LogLine>, ClientError> {
        let mut lines: Vec<LogLine> = Vec::new();
        loop {
            let query = LogQuery {
                after: Some(lines.last().map_or(after, |line| line.number)),
                limit: Some(1_000),
            };
            let page: Page<LogLine> = self.ask(Call::get(&["runs", id, "log"]).query(&query)).await?;
            let empty = page.items.is_empty();
            lines.extend(page.items);
            if page.next.is_none() || empty {
                return Ok(lines);
            }
        }
    }

    async fn rest_of_log(
        &self,
        id: &str,
        told: &mut Told,
        tell: &mut impl FnMut(Update),
    ) -> Result<(), ClientError> {
        for line in self.log(id, told.line).await? {
            told.line(line, tell);
        }
        Ok(())
    }
}

impl Told {
    fn line(&mut self, line: LogLine, tell: &mut impl FnMut(Update)) {
        if line.number > self.line {
            self.line = line.number;
            tell(Update::Log(line));
        }
    }
}
