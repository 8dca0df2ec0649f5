//! Runs: the list, one run, and what can be done with it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Time;
use store::run::Filter;

use super::filters;
use super::rows::{Choice, Link, RunRow, by, cut, mirror_href, segment, short_run, took, what};
use crate::api::model::run::{Order, Run, RunReference, RunState};
use crate::api::model::{self, Side};
use crate::app::App;
use crate::ops;
use crate::output::summary::human_bytes;
use crate::web::frame::Frame;
use crate::web::plot;
use crate::web::session::Session;
use crate::web::show::{When, counted};
use crate::web::trouble::{Trouble, html};

/// How many references and log lines a page shows: the API and the command line have all.
const REFERENCES: u32 = 200;
const LINES: u32 = 1_000;

#[derive(Template)]
#[template(path = "runs.html")]
struct List {
    frame: Frame,
    mirror: String,
    states: Vec<Choice>,
    runs: Vec<RunRow>,
    next: Option<String>,
}

/// Which runs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    mirror: String,
    state: String,
    after: Option<String>,
}

/// `GET /runs`.
pub(in crate::web) async fn list(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    let page = async {
        let filter = Filter {
            mirror: (!asked.mirror.is_empty()).then(|| asked.mirror.clone()),
            states: RunState::ALL
                .iter()
                .filter(|state| state.word() == asked.state)
                .map(|state| state.stored())
                .collect(),
            since: None,
        };
        let runs = runs_of(&app, &session, &filter, asked.after.clone(), 50).await?;
        let now = Time::now();
        Ok(List {
            frame: Frame::new(&app, &session, "/runs").await.live("/live/events"),
            states: RunState::ALL
                .iter()
                .map(|state| Choice::new(state.word(), state.word(), &asked.state))
                .collect(),
            runs: runs.items.iter().map(|run| RunRow::new(run, true, now)).collect(),
            next: runs.next.map(|after| {
                format!(
                    "/runs?mirror={}&state={}&after={}",
                    segment(&asked.mirror),
                    segment(&asked.state),
                    segment(&after)
                )
            }),
            mirror: asked.mirror.clone(),
        })
    };
    answer(&app, page.await)
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page {
    frame: Frame,
    id: String,
    short: String,
    href: String,
    mirror: Option<Link>,
    title: String,
    state: &'static str,
    by: String,
    at: When,
    took: String,
    attempt: u32,
    over: bool,
    can_approve: bool,
    can_cancel: bool,
    can_undo: bool,
    can_rerun: bool,
    failure: Option<Failure>,
    stages: Vec<(String, u64)>,
    timeline: String,
    progress: String,
    counts: String,
    references: Vec<OutcomeRow>,
    more_references: bool,
    inputs: Vec<(&'static str, String)>,
    outputs: Vec<(&'static str, String)>,
    log: Vec<Line>,
}

/// What went wrong, first of all.
struct Failure {
    title: String,
    line: String,
    changes: Vec<Wish>,
    remote: Vec<String>,
    advice: Option<String>,
    commands: Vec<String>,
    last_good: Option<RunRow>,
}

/// A write that was wanted, or is.
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) to: Side,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// A reference's outcome.
struct OutcomeRow {
    name: String,
    to: Side,
    old: Option<String>,
    new: Option<String>,
    text: String,
    tone: &'static str,
    remote: Option<String>,
}

/// A line of the log.
struct Line {
    number: u32,
    exact: String,
    clock: String,
    level: String,
    text: String,
}

/// `GET /runs/{id}`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> Response {
    answer(&app, show(&app, &session, &id).await)
}

/// Runs, newest first, as far as the session may see them.
pub(super) async fn runs_of(
    app: &App,
    session: &Session,
    filter: &Filter,
    after: Option<String>,
    limit: u32,
) -> Result<model::Page<Run>, Trouble> {
    let ask = ops::pages::ask(after, Some(limit))?;
    let runs = ops::runs::list(app, &session.caller, filter, ask).await?;
    Ok(model::Page::of(runs, ops::show::run))
}

async fn run_of(app: &App, session: &Session, id: &str) -> Result<Run, Trouble> {
    Ok(ops::show::run(session.caller.run(app, id).await?))
}

async fn references_of(
    app: &App,
    session: &Session,
    id: &str,
    after: Option<String>,
    limit: u32,
) -> Result<model::Page<RunReference>, Trouble> {
    let ask = ops::pages::ask(after, Some(limit))?;
    let references = ops::runs::references(app, &session.caller, id, &ask).await?;
    Ok(model::Page::of(references, ops::show::run_reference))
}

async fn show(app: &App, session: &Session, id: &str) -> Result<Page, Trouble> {
    let caller = &session.caller;
    let run = run_of(app, session, id).await?;
    let references = references_of(app, session, &run.id, None, REFERENCES).await?;
    let log = ops::runs::log(app, caller, &run.id, 0, LINES).await?;
    let now = Time::now();
    let over = run.state.is_over();
    let mut frame = Frame::new(app, session, "/runs").await;
    if !over {
        frame = frame.live(format!("/live/runs/{}/events", run.id));
    }
    let stages: Vec<(String, u64)> = run
        .stages
        .iter()
        .map(|stage| (stage.name.clone(), stage.milliseconds))
        .collect();
    Ok(Page {
        frame,
        short: short_run(&run.id),
        href: format!("/runs/{}", run.id),
        mirror: run.mirror.as_ref().map(|name| Link::new(mirror_href(name), name)),
        title: title(&run),
        state: run.state.word(),
        by: by(&run),
        at: When::of(run.created_at.0, now),
        took: took(&run),
        attempt: run.attempt,
        over,
        can_approve: run.state == RunState::Held,
        can_cancel: !over,
        can_undo: over && references.items.iter().any(|reference| reference.replaced),
        can_rerun: over && run.mirror.is_some() && run.inputs.order.is_none(),
        failure: failure(app, session, &run, &references.items).await?,
        timeline: plot::timeline(&stages, run.state.stored()),
        stages,
        progress: progress(&run),
        counts: counts(&run, &references.items),
        more_references: references.next.is_some(),
        references: references.items.iter().map(OutcomeRow::new).collect(),
        inputs: inputs(&run),
        outputs: outputs(&run),
        log: log
            .into_iter()
            .map(|line| Line::new(ops::show::log_line(line)))
            .collect(),
        id: run.id,
    })
}

fn title(run: &Run) -> String {
    match (&run.inputs.order, &run.mirror) {
        (Some(Order::Undo { .. }), Some(mirror)) => format!("Undo on {mirror}"),
        (Some(Order::Approve { .. }), Some(mirror)) => format!("Approved run of {mirror}"),
        (Some(Order::Resolve { .. }), Some(mirror)) => format!("Conflict settled on {mirror}"),
        (_, Some(mirror)) if run.inputs.dry_run => format!("Dry run of {mirror}"),
        (_, Some(mirror)) => format!("Run of {mirror}"),
        (_, None) => "One-off run".to_owned(),
    }
}

fn progress(run: &Run) -> String {
    match run.state {
        RunState::Running if run.bytes > 0 => format!("{} so far", human_bytes(run.bytes)),
        RunState::Running => "under way".to_owned(),
        _ if run.bytes > 0 => format!("{} relayed", human_bytes(run.bytes)),
        _ => String::new(),
    }
}

fn counts(run: &Run, references: &[RunReference]) -> String {
    let mut parts = Vec::new();
    if run.written > 0 {
        parts.push(format!("{} written", run.written));
    }
    let waiting = references
        .iter()
        .filter(|reference| tone(reference) == "waiting")
        .count();
    if waiting > 0 {
        parts.push(format!("{waiting} wait"));
    }
    parts.push(format!("{} seen equal", counted(run.in_sync, "reference")));
    parts.join(" · ")
}

/// What is told first of a run that did not go well: the fault, or the references that were not written.
async fn failure(
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

impl Wish {
    fn new(reference: &RunReference) -> Self {
        Self {
            name: cut(&reference.name),
            to: reference.to,
            old: reference.old.clone(),
            new: reference.new.clone(),
        }
    }
}

impl OutcomeRow {
    fn new(reference: &RunReference) -> Self {
        Self {
            name: cut(&reference.name),
            to: reference.to,
            old: reference.old.clone(),
            new: reference.new.clone(),
            text: cut(&reference.text),
            tone: tone(reference),
            remote: reference.remote.as_deref().map(cut),
        }
    }
}

/// What an outcome means for people.
fn tone(reference: &RunReference) -> &'static str {
    match reference.outcome.as_str() {
        "created" | "updated" | "forced" | "deleted" | "already-there" => "good",
        "held" | "conflict" | "refused" | "standing" | "lease-lost" => "waiting",
        "rejected" | "not-written" | "unknown" => "bad",
        _ => "quiet",
    }
}

fn inputs(run: &Run) -> Vec<(&'static str, String)> {
    let inputs = &run.inputs;
    let with = |url: &str, credential: &Option<String>| match credential {
        Some(credential) => format!("{url} (credential {credential})"),
        None => url.to_owned(),
    };
    let mut pairs = vec![
        ("Source", with(&inputs.source_url, &inputs.source_credential)),
        ("Target", with(&inputs.target_url, &inputs.target_credential)),
        ("Trigger", run.trigger.clone()),
        (
            "References",
            if inputs.references.is_empty() {
                "the mirror's scope".to_owned()
            } else {
                cut(&inputs.references.join(" "))
            },
        ),
    ];
    pairs.extend(inputs.input_set.iter().map(|set| ("Input set", set.clone())));
    pairs.extend(
        inputs
            .reverse
            .then(|| ("Direction", "target to source".to_owned())),
    );
    pairs.extend(
        inputs
            .reference_sha_old
            .iter()
            .map(|old| ("Old SHA", old.clone())),
    );
    pairs.extend(inputs.sync_delete.map(|sync| {
        let said = if sync { "mirrored" } else { "not mirrored" };
        ("Deletions", said.to_owned())
    }));
    pairs.extend(inputs.force.iter().map(|force| ("Force", force.clone())));
    pairs.extend(
        inputs
            .dry_run
            .then(|| ("Dry run", "nothing is written".to_owned())),
    );
    pairs.extend((!inputs.told.is_empty()).then(|| ("Told by webhooks", cut(&inputs.told.join(", ")))));
    pairs.extend(run.of.iter().map(|of| ("Of run", short_run(of))));
    pairs
}

fn outputs(run: &Run) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("Outcome", run.state.word().to_owned())];
    let done = what(run);
    pairs.extend((!done.is_empty()).then_some(("What", done)));
    pairs.extend(run.exit_code.map(|code| ("Exit code", code.to_string())));
    pairs.push(("References written", run.written.to_string()));
    pairs.push(("Seen equal", run.in_sync.to_string()));
    pairs.push(("Relayed", human_bytes(run.bytes)));
    pairs.extend(run.worker.iter().map(|worker| ("Worker", worker.clone())));
    pairs
}

impl Line {
    fn new(line: model::run::LogLine) -> Self {
        let exact = line.at.to_string();
        // The time of RFC 3339, without its day and zone.
        let clock = exact.get(11..23).unwrap_or_default().to_owned();
        Self {
            number: line.number,
            exact,
            clock,
            level: line.level,
            text: line.text,
        }
    }
}

/// What a button sends.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Pressed {
    csrf: String,
}

impl Pressed {
    /// What shows that the form is ours.
    pub(super) fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// `POST /runs/{id}/cancel`.
pub(in crate::web) async fn cancel(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let done = async {
        session.check(&pressed.csrf)?;
        ops::ask::cancel(&app, &session.caller, &id).await?;
        Ok(Redirect::to(&format!("/runs/{}", segment(&id))))
    };
    redirect(&app, done.await)
}

/// `POST /runs/{id}/rerun`.
pub(in crate::web) async fn rerun(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let done = async {
        session.check(&pressed.csrf)?;
        let run = ops::ask::rerun(&app, &session.caller, &id).await?;
        Ok(Redirect::to(&format!("/runs/{}", run.id)))
    };
    redirect(&app, done.await)
}

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm {
    pub(super) frame: Frame,
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) writes: Vec<Wish>,
    pub(super) more: Option<String>,
    pub(super) action: String,
    pub(super) back: String,
    pub(super) word: &'static str,
    pub(super) fields: Vec<(&'static str, String)>,
}

/// `GET /runs/{id}/approve`: what approving releases.
pub(in crate::web) async fn approve_shown(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> Response {
    let page = async {
        let run = run_of(&app, &session, &id).await?;
        let (writes, more) = wishes(
            &app,
            &session,
            &run,
            |reference| reference.outcome == "held",
            false,
        )
        .await?;
        Ok(Confirm {
            frame: Frame::new(&app, &session, "/runs").await,
            title: format!("Approve what run {} holds?", short_run(&run.id)),
            lead: format!(
                "{} would be deleted or rewritten.",
                counted(writes.len() as u64, "reference")
            ),
            writes,
            more,
            action: format!("/runs/{}/approve", run.id),
            back: format!("/runs/{}", run.id),
            word: "Approve and write",
            fields: Vec::new(),
        })
    };
    answer(&app, page.await)
}

/// `POST /runs/{id}/approve`.
pub(in crate::web) async fn approve(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let done = async {
        session.check(&pressed.csrf)?;
        let run = ops::ask::approve(&app, &session.caller, &id).await?;
        Ok(Redirect::to(&format!("/runs/{}", run.id)))
    };
    redirect(&app, done.await)
}

/// `GET /runs/{id}/undo`: what undoing puts back.
pub(in crate::web) async fn undo_shown(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> Response {
    let page = async {
        let run = run_of(&app, &session, &id).await?;
        let (writes, more) = wishes(&app, &session, &run, |reference| reference.replaced, true).await?;
        Ok(Confirm {
            frame: Frame::new(&app, &session, "/runs").await,
            title: format!("Undo run {}?", short_run(&run.id)),
            lead: format!(
                "{} would get back what the run replaced, as long as the server still has the objects.",
                counted(writes.len() as u64, "reference")
            ),
            writes,
            more,
            action: format!("/runs/{}/undo", run.id),
            back: format!("/runs/{}", run.id),
            word: "Put them back",
            fields: Vec::new(),
        })
    };
    answer(&app, page.await)
}

/// `POST /runs/{id}/undo`.
pub(in crate::web) async fn undo(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let done = async {
        session.check(&pressed.csrf)?;
        let run = ops::ask::undo(&app, &session.caller, &id).await?;
        Ok(Redirect::to(&format!("/runs/{}", run.id)))
    };
    redirect(&app, done.await)
}

/// The writes of a run that a person is asked about, and a sentence if there are more than are shown.
async fn wishes(
    app: &App,
    session: &Session,
    run: &Run,
    which: impl Fn(&RunReference) -> bool,
    back: bool,
) -> Result<(Vec<Wish>, Option<String>), Trouble> {
    let mut writes = Vec::new();
    let mut after = None;
    let mut more = 0;
    loop {
        let page = references_of(app, session, &run.id, after, 500).await?;
        for reference in page.items.iter().filter(|reference| which(reference)) {
            if writes.len() == REFERENCES as usize {
                more += 1;
                continue;
            }
            let mut wish = Wish::new(reference);
            if back {
                std::mem::swap(&mut wish.old, &mut wish.new);
            }
            writes.push(wish);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let more = (more > 0).then(|| format!("And {more} more, which the run's page of the API has."));
    Ok((writes, more))
}

/// A page, or why there is none.
pub(super) fn answer<P: Template>(app: &App, page: Result<P, Trouble>) -> Response {
    match page {
        Ok(page) => html(&page),
        Err(trouble) => trouble.answer(app),
    }
}

/// Where to go after something was done, or why it was not.
pub(super) fn redirect(app: &App, done: Result<Redirect, Trouble>) -> Response {
    match done {
        Ok(redirect) => redirect.into_response(),
        Err(trouble) => trouble.answer(app),
    }
}
