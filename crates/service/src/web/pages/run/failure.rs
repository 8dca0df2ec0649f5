//! What is told first of a run that did not go well.

use store::Time;
use store::run::Filter;

use super::list::runs_of;
use super::tone;
use crate::api::model::run::{Run, RunReference, RunState};
use crate::app::App;
use crate::web::pages::confirm::Wish;
use crate::web::pages::rows::{RunRow, cut};
use crate::web::session::Session;
use crate::web::show::counted;
use crate::web::trouble::Trouble;

/// What went wrong, first of all.
pub(super) struct Failure {
    pub(super) title: String,
    pub(super) line: String,
    pub(super) changes: Vec<Wish>,
    pub(super) remote: Vec<String>,
    pub(super) advice: Option<String>,
    pub(super) commands: Vec<String>,
    pub(super) last_good: Option<RunRow>,
}

/// What is told first of a run that did not go well: the fault, or the references that were not written.
pub(super) async fn failure(
    app: &App,
    session: &Session,
    run: &Run,
    references: &[RunReference],
) -> Result<Option<Failure>, Trouble> {
    const SHOWN: usize = 5;
    if !matches!(run.state, RunState::Failed | RunState::Refused | RunState::Held) {
        return Ok(None);
    }
    let bad: Vec<&RunReference> = references
        .iter()
        .filter(|reference| matches!(tone(reference), "bad" | "waiting"))
        .collect();
    let fault = run.fault.as_ref();
    let title = match (run.state, fault.and_then(|fault| fault.side.as_deref())) {
        (RunState::Held, _) => "Held until a person approves it".to_owned(),
        (_, Some(side)) => format!("The {side} is at fault"),
        (RunState::Refused, _) => counted(bad.len() as u64, "reference") + " not written",
        _ => "refsync is at fault".to_owned(),
    };
    let line = match (fault, bad.first()) {
        (Some(fault), _) => fault.message.clone(),
        (None, Some(first)) => format!("{}: {}", first.name, first.text),
        (None, None) => run.state.word().to_owned(),
    };
    let good = Filter {
        mirror: run.mirror.clone(),
        states: vec![store::run::State::Succeeded],
        since: None,
    };
    let now = Time::now();
    let last_good = match &run.mirror {
        Some(_) => runs_of(app, session, &good, None, 1).await?.items,
        None => Vec::new(),
    };
    let mut remote: Vec<String> = bad
        .iter()
        .filter_map(|reference| reference.remote.clone())
        .collect();
    remote.dedup();
    remote.truncate(SHOWN);
    Ok(Some(Failure {
        title,
        line: cut(&line),
        changes: bad
            .iter()
            .filter(|reference| reference.old != reference.new)
            .take(SHOWN)
            .map(|reference| Wish::new(reference))
            .collect(),
        remote,
        advice: fault.and_then(|fault| fault.advice.clone()),
        commands: crate::output::by_hand::commands(run, references),
        last_good: last_good.first().map(|run| RunRow::new(run, false, now)),
    }))
}
