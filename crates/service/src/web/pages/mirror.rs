//! One mirror: both sides, what differs, runs, references, webhooks, its configuration.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use store::Time;
use store::run::Filter;
use store::token::Role;

use super::filters;
use super::overview::host;
use super::reply::{Pressed, answer, press};
use super::rows::{DeliveryRow, ReferenceRow, RunRow, cut, lag, mirror_href, segment};
use super::run::runs_of;
use crate::api::model::hook::{Hook, HookState, Registration};
use crate::api::model::mirror::{Direction, End, Mirror, MirrorState};
use crate::api::model::reference::Reference;
use crate::api::model::run::Run;
use crate::app::App;
use crate::hooks;
use crate::ops::references::DRIFT;
use crate::ops::{self, OpError};
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::plot::{self, Mark};
use crate::web::session::Session;
use crate::web::show::{Lasting, When, counted};
use crate::web::trouble::Trouble;

/// How much of each list the page shows; each has a page of its own.
pub(super) const DIFFERING: u32 = 50;
const RUNS: usize = 10;
const REFERENCES: u32 = 20;
const DELIVERIES: u32 = 5;
/// References on a page of their own: with them it stays under 100 kB.
const PAGE: u32 = 100;
/// Runs that the plots are drawn from.
const PLOTTED: u32 = 500;

const WEEK: i64 = 7 * 24 * 3_600_000;

#[derive(Template)]
#[template(path = "mirror.html")]
struct Page {
    frame: Frame,
    name: String,
    href: String,
    description: Option<String>,
    labels: Vec<String>,
    direction: &'static str,
    two_way: bool,
    state: &'static str,
    /// What stands under the arrow, and for how long that has been so.
    between: String,
    behind: Option<Lasting>,
    source: Side,
    target: Side,
    error: Option<String>,
    failures: u32,
    next_at: Option<When>,
    paused: Option<Paused>,
    seen: bool,
    in_sync_at: Option<When>,
    differing: Vec<ReferenceRow>,
    differing_more: u64,
    /// How many of them the command line has.
    diff_has: String,
    configured: bool,
    last_run: Option<String>,
    runs: Vec<RunRow>,
    lag_plot: String,
    outcome_plot: String,
    reference_count: String,
    scope: Vec<String>,
    references: Vec<ReferenceRow>,
    hooks: Vec<HookRow>,
    deliveries: Vec<DeliveryRow>,
    read_only: bool,
    origin: String,
    yaml: String,
}

struct Side {
    host: String,
    path: String,
    credential: Option<String>,
}

struct Paused {
    by: String,
    at: When,
}

struct HookRow {
    side: String,
    provider: String,
    state: &'static str,
    url: String,
    why: &'static str,
    steps: Vec<String>,
}

/// `GET /mirrors/{name}`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
) -> Response {
    answer(show(&app, &session, &name).await)
}

/// How many of the references that differ the command line shows, of a report that is cut or is not.
pub(super) fn diff_has(cut: bool) -> String {
    match cut {
        true => format!("the first {DRIFT}"),
        false => "all".to_owned(),
    }
}

/// How many references are in scope, as far as that is known.
fn in_scope(references: Option<u64>) -> String {
    references.map_or_else(
        || "an unknown number of references".to_owned(),
        |count| counted(count, "reference"),
    )
}

async fn show(app: &App, session: &Session, name: &str) -> Result<Page, Trouble> {
    let now = Time::now();
    let versioned = ops::mirrors::show(app, &session.caller, name).await?;
    let mirror = ops::show::mirror(&versioned.found, versioned.version());
    let references = ops::references::beginning(app, &versioned.found, REFERENCES, DIFFERING).await?;
    let runs = week_of_runs(app, session, name, now).await?;
    let marks = marks(&runs);
    let may_operate = session.caller.may(Role::Operate).is_ok();
    let row = |reference: &Reference| ReferenceRow::new(name, reference, may_operate, now);
    let configured = versioned.found.configured.as_deref();
    Ok(Page {
        frame: Frame::new(app, session, "/").await.live("/live/events"),
        href: mirror_href(name),
        description: mirror
            .description
            .as_deref()
            .map(|text| cut(&visible(text.as_bytes()))),
        labels: mirror
            .labels
            .iter()
            .map(|(key, value)| cut(&visible(format!("{key}: {value}").as_bytes())))
            .collect(),
        direction: match mirror.direction {
            Direction::TwoWay => "both ways",
            Direction::OneWay => "one way, source to target",
        },
        two_way: mirror.direction == Direction::TwoWay,
        state: mirror.state.word(),
        between: said_between(&mirror),
        behind: behind_since(&mirror).map(|since| Lasting::since(since, now)),
        source: Side::new(&mirror.source),
        target: Side::new(&mirror.target),
        error: mirror.error.as_deref().map(cut),
        failures: mirror.failures,
        next_at: mirror.next_at.map(|at| When::of(at.0, now)),
        paused: mirror.paused.as_ref().map(|paused| Paused {
            by: visible(paused.by.as_bytes()),
            at: When::of(paused.at.0, now),
        }),
        seen: mirror.in_sync_at.is_some() || mirror.last_run.is_some(),
        in_sync_at: mirror.in_sync_at.map(|at| When::of(at.0, now)),
        differing: references.differing.iter().map(row).collect(),
        differing_more: references.total.saturating_sub(references.differing.len() as u64),
        diff_has: diff_has(references.total > DRIFT as u64),
        configured: configured.is_some(),
        last_run: mirror.last_run.clone(),
        lag_plot: plot::lag(&marks, now),
        outcome_plot: plot::outcomes(&marks, now),
        runs: runs
            .iter()
            .take(RUNS)
            .map(|run| RunRow::new(run, false, now))
            .collect(),
        // The last full look may have been before the first of them were written.
        reference_count: in_scope(
            mirror
                .counts
                .references
                .map(|seen| seen.max(references.all.len() as u64)),
        ),
        scope: mirror.references.clone(),
        references: references.all.iter().map(row).collect(),
        hooks: hooks::endpoints(app, name)
            .into_iter()
            .map(HookRow::new)
            .collect(),
        deliveries: deliveries(app, session, name, now).await?,
        read_only: mirror.read_only,
        origin: mirror
            .origin
            .clone()
            .unwrap_or_else(|| "not in the configuration any more".to_owned()),
        yaml: configured.map(config::render::mirror).unwrap_or_default(),
        name: mirror.name,
    })
}

/// The runs that the plots are drawn from, newest first.
async fn week_of_runs(app: &App, session: &Session, name: &str, now: Time) -> Result<Vec<Run>, Trouble> {
    let week = Filter {
        mirror: Some(name.to_owned()),
        states: Vec::new(),
        since: Some(Time(now.0 - WEEK)),
    };
    Ok(runs_of(app, session, &week, None, PLOTTED).await?.items)
}

fn marks(runs: &[Run]) -> Vec<Mark> {
    runs.iter()
        .map(|run| Mark {
            at: run.created_at.0,
            state: run.state.stored(),
            lag: lag(run),
        })
        .collect()
}

/// Since when a mirror is behind, if it is.
fn behind_since(mirror: &Mirror) -> Option<Time> {
    let since = mirror.behind_since?;
    (mirror.state != MirrorState::InSync).then_some(since.0)
}

/// What stands under the arrow; the length follows.
fn said_between(mirror: &Mirror) -> String {
    match (mirror.state, behind_since(mirror)) {
        (MirrorState::InSync, _) => "in sync".to_owned(),
        (_, Some(_)) => "behind for".to_owned(),
        (MirrorState::New, None) => "not looked at yet".to_owned(),
        (state, None) => state.word().replace('-', " "),
    }
}

impl Side {
    fn new(end: &End) -> Self {
        Self {
            host: host(&end.url),
            path: cut(&visible(end.url.as_bytes())),
            credential: end.credential.clone(),
        }
    }
}

impl HookRow {
    fn new(hook: Hook) -> Self {
        let (state, why) = match hook.state {
            HookState::Enabled => (
                "enabled",
                "Its secret is configured: deliveries that are not signed with it are refused.",
            ),
            HookState::Insecure => (
                "insecure",
                "Anybody can send deliveries: insecure is written. Give its credential a webhookSecret.",
            ),
            HookState::Disabled => (
                "disabled",
                "It takes nothing: its credential has no webhookSecret.",
            ),
        };
        Self {
            side: hook.side.to_string(),
            provider: hook.provider,
            state,
            url: hook.url,
            why,
            steps: hook.steps,
        }
    }
}

async fn deliveries(
    app: &App,
    session: &Session,
    name: &str,
    now: Time,
) -> Result<Vec<DeliveryRow>, Trouble> {
    let filter = store::delivery::Filter {
        mirror: Some(name.to_owned()),
        credential: None,
    };
    let ask = ops::pages::ask(None, Some(DELIVERIES))?;
    let page = ops::deliveries::list(app, &session.caller, &filter, ask).await?;
    Ok(page
        .items
        .into_iter()
        .map(|delivery| DeliveryRow::new(&ops::show::delivery(delivery, false), now))
        .collect())
}

#[derive(Template)]
#[template(path = "references.html")]
struct References {
    frame: Frame,
    mirror: String,
    href: String,
    references: Vec<ReferenceRow>,
    next: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    after: Option<String>,
}

/// `GET /mirrors/{name}/references`.
pub(in crate::web) async fn references(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let page = async {
        let ask = ops::pages::ask(asked.after.clone(), Some(PAGE))?;
        let page = ops::references::list(&app, &session.caller, &name, false, &ask).await?;
        let now = Time::now();
        let may_operate = session.caller.may(Role::Operate).is_ok();
        Ok(References {
            frame: Frame::new(&app, &session, "/").await,
            href: mirror_href(&name),
            references: page
                .items
                .iter()
                .map(|reference| ReferenceRow::new(&name, reference, may_operate, now))
                .collect(),
            next: page
                .next
                .map(|after| format!("{}/references?after={}", mirror_href(&name), segment(&after))),
            mirror: visible(name.as_bytes()),
        })
    };
    answer(page.await)
}

/// `POST /mirrors/{name}/pause`.
pub(in crate::web) async fn pause(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let paused = ops::mirrors::set_paused(&app, &session.caller, &name, true);
    press(&session, &pressed, async {
        paused.await.map(|_| mirror_href(&name))
    })
    .await
}

/// `POST /mirrors/{name}/resume`.
pub(in crate::web) async fn resume(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let resumed = ops::mirrors::set_paused(&app, &session.caller, &name, false);
    press(&session, &pressed, async {
        resumed.await.map(|_| mirror_href(&name))
    })
    .await
}

/// `POST /mirrors/{name}/hooks/register`.
pub(in crate::web) async fn register(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    press(&session, &pressed, async {
        let registered = ops::hooks::register(&app, &session.caller, &name, false).await?;
        let is_done = |one: &Registration| !matches!(one.outcome.as_str(), "failed" | "manual");
        if registered.iter().all(is_done) {
            return Ok(mirror_href(&name));
        }
        let told: Vec<String> = registered
            .iter()
            .map(|one| format!("{}: {}", one.side, one.text))
            .collect();
        Err(OpError::Conflict(told.join("; ")))
    })
    .await
}
