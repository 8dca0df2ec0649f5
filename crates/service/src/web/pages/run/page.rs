//! One run.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::Time;

use super::failure::{Failure, failure};
use super::{REFERENCES, references_of, run_of, tone};
use crate::api::model::run::{Order, Run, RunReference, RunState};
use crate::api::model::{self, Side};
use crate::app::App;
use crate::ops;
use crate::output::summary::human_bytes;
use crate::web::frame::Frame;
use crate::web::pages::filters;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{Link, by, cut, mirror_href, short_run, took, what};
use crate::web::plot;
use crate::web::session::Session;
use crate::web::show::{When, counted};
use crate::web::trouble::Trouble;

/// How many lines of the log a page shows.
const LINES: u32 = 1_000;

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
