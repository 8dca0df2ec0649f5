//! Runs, looked at. What is told of one is told to callers that [`Caller::run`] gave it to.

use std::collections::BTreeMap;

use store::page::{Ask, Page};
use store::run::{Filter, LogLine, Run, RunRef};

use super::{Caller, OpError, pages};
use crate::app::App;

/// Runs, newest first.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: &Filter,
    labels: &BTreeMap<String, String>,
    ask: Ask,
) -> Result<Page<Run>, OpError> {
    if let Some(mirror) = &filter.mirror {
        caller.mirror(app, mirror).await?;
    }
    let fetch = |ask: Ask| async move { app.store.runs(filter, &ask).await };
    pages::filtered(ask, fetch, |run: &Run| {
        let mirror = run.mirror.clone();
        async move {
            match mirror {
                Some(mirror) => caller.sees_among(app, &mirror, labels).await,
                None => Ok(!caller.is_limited() && labels.is_empty()),
            }
        }
    })
    .await
}

/// What became of the references of a run, one that the caller sees, by name.
pub(crate) async fn references(app: &App, run: &Run, ask: &Ask) -> Result<Page<RunRef>, OpError> {
    Ok(app.store.run_refs(&run.id, ask).await?)
}

/// Those of its references that ended in one of these ways, by name.
pub(crate) async fn references_with(
    app: &App,
    run: &Run,
    outcomes: &[&str],
    limit: u32,
) -> Result<Vec<RunRef>, OpError> {
    Ok(app.store.run_refs_with(&run.id, outcomes, limit).await?)
}

/// How many of its references ended in each way.
pub(crate) async fn outcomes(app: &App, run: &Run) -> Result<BTreeMap<String, u64>, OpError> {
    Ok(app.store.run_outcomes(&run.id).await?)
}

/// The last run of its mirror before it that went well.
pub(crate) async fn last_good(app: &App, run: &Run) -> Result<Option<Run>, OpError> {
    match &run.mirror {
        Some(mirror) => Ok(app.store.last_good_run(mirror, &run.id).await?),
        None => Ok(None),
    }
}

/// The number of its log's last line, which are numbered from 1; 0 without any.
pub(crate) async fn log_end(app: &App, run: &Run) -> Result<u32, OpError> {
    Ok(app.store.run_log_end(&run.id).await?)
}

/// Its log, from after that line.
pub(crate) async fn log(app: &App, run: &Run, after: u32, limit: u32) -> Result<Vec<LogLine>, OpError> {
    Ok(app.store.run_log(&run.id, after, limit).await?)
}
