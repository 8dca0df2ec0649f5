//! One run.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use store::Time;

use super::failure::{Failure, Troubled, failure, troubled_first};
use super::hold::Hold;
use super::log::{self, Asked, Log};
use super::{REFERENCES, references_of, tone};
use crate::api::model::Side;
use crate::api::model::run::{Order, Run, RunReference, RunState};
use crate::app::App;
use crate::live::HowFar;
use crate::ops::{self, OpError};
use crate::output::summary::human_bytes;
use crate::web::frame::Frame;
use crate::web::pages::filters;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{Link, by, cut, mirror_href, short_run, took, what};
use crate::web::plot;
use crate::web::session::Session;
use crate::web::show::{When, counted};
use crate::web::trouble::Trouble;

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
    can_carry_out: bool,
    steps: Vec<Step>,
    failure: Option<Failure>,
    stages: Vec<(String, u64)>,
    timeline: String,
    progress: String,
    counts: String,
    references: Vec<OutcomeRow>,
    more_references: bool,
    inputs: Vec<(&'static str, String)>,
    outputs: Vec<(&'static str, String)>,
    log: Log,
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

/// `GET /runs/{id}`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    answer(show(&app, &session, &id, &asked).await)
}

async fn show(app: &App, session: &Session, id: &str, asked: &Asked) -> Result<Page, Trouble> {
    let stored = session.caller.run(app, id).await?;
    let run = ops::show::run(stored.clone());
    let references = references_of(app, &stored, None, REFERENCES).await?;
    let troubled = Troubled::of(app, &stored).await?;
    let hold = Hold::of(app, &run).await?;
    let log_end = ops::runs::log_end(app, &stored).await?;
    let now = Time::now();
    let over = run.state.is_over();
    let mut frame = Frame::new(app, session, "/runs").await;
    if !over {
        // The lines up to there are on the page, or were left out on purpose.
        frame = frame.live(format!("/live/runs/{}/events?after={log_end}", run.id));
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
        can_carry_out: over && run.inputs.dry_run && run.mirror.is_some() && !references.items.is_empty(),
        can_approve: hold == Some(Hold::Here),
        can_cancel: !over,
        can_undo: can_undo(app, session, &stored).await?,
        can_rerun: over && run.inputs.order.is_none(),
        failure: failure(app, &stored, &run, &troubled, hold.as_ref(), log_end).await?,
        timeline: plot::timeline(&stages, run.state.stored()),
        steps: steps(app, &run),
        stages,
        progress: progress(&run, app.live.how_far(&run.id)),
        counts: counts(&run, troubled.total()),
        more_references: references.next.is_some(),
        references: troubled_first(troubled.first, references.items, REFERENCES as usize)
            .iter()
            .map(OutcomeRow::new)
            .collect(),
        inputs: inputs(&run),
        outputs: outputs(&run),
        log: log::part(app, &stored, &run, log_end, asked).await?,
        id: run.id,
    })
}

/// Whether the session may undo the run, and something would be put back.
async fn can_undo(app: &App, session: &Session, run: &store::run::Run) -> Result<bool, Trouble> {
    match ops::ask::undoable(app, &session.caller, run).await {
        Ok(()) => Ok(true),
        Err(OpError::Conflict(_) | OpError::Forbidden { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
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

/// The steps of a run that goes on.
struct Step {
    word: &'static str,
    /// `done`, `now` or nothing.
    tone: &'static str,
}

fn steps(app: &App, run: &Run) -> Vec<Step> {
    const WORDS: [&str; 4] = ["observe", "decide", "relay", "report"];
    if run.state != RunState::Running {
        return Vec::new();
    }
    let now = app.live.how_far(&run.id).map(|far| far.stage);
    let current = now.and_then(|stage| WORDS.iter().position(|word| *word == stage));
    WORDS
        .iter()
        .enumerate()
        .map(|(index, word)| Step {
            word,
            tone: match current.map(|current| index.cmp(&current)) {
                Some(std::cmp::Ordering::Less) => "done",
                Some(std::cmp::Ordering::Equal) => "now",
                _ => "",
            },
        })
        .collect()
}

/// Bytes and their rate: `12.3 MiB, 4.1 MiB/s`. The script says the same of what it hears.
fn progress(run: &Run, far: Option<HowFar>) -> String {
    match (run.state, far) {
        (RunState::Queued, _) => "waits for a worker".to_owned(),
        (RunState::Running, Some(far)) if far.bytes > 0 => {
            format!("{} so far", with_rate(far.bytes, far.since.elapsed()))
        }
        (RunState::Running, _) => "under way".to_owned(),
        _ if run.bytes > 0 => {
            let relay = run.stages.iter().find(|stage| stage.name == "relay");
            let took = Duration::from_millis(relay.map_or(0, |stage| stage.milliseconds));
            format!("{} relayed", with_rate(run.bytes, took))
        }
        _ => String::new(),
    }
}

/// Without a rate where the time is too short to tell one.
fn with_rate(bytes: u64, time: Duration) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match millis {
        0..100 => human_bytes(bytes),
        millis => format!(
            "{}, {}/s",
            human_bytes(bytes),
            human_bytes(bytes.saturating_mul(1_000) / millis)
        ),
    }
}

fn counts(run: &Run, troubled: u64) -> String {
    let mut parts = Vec::new();
    if run.written > 0 {
        parts.push(format!("{} written", run.written));
    }
    if troubled > 0 {
        parts.push(format!("{troubled} not written"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::run;

    #[test]
    fn progress_has_bytes_and_their_rate() {
        assert_eq!(with_rate(4 << 20, Duration::from_secs(2)), "4.0 MiB, 2.0 MiB/s");
        assert_eq!(with_rate(4 << 20, Duration::ZERO), "4.0 MiB");
        let queued = Run {
            state: RunState::Queued,
            ..run()
        };
        assert_eq!(progress(&queued, None), "waits for a worker");
    }
}
