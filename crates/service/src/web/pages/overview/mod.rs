//! The overview: what needs a person, counts by state, and the mirrors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use store::Time;
use store::token::Role;

mod asked;
mod bulk;
mod groups;
mod inbox;

pub(in crate::web) use bulk::{bulk, retry};
pub(in crate::web) use groups::host;

use super::filters;
use super::reply::answer;
use super::rows::{Choice, cut};
use crate::api::model::mirror::{Mirror, MirrorState};
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::session::Session;
use crate::web::trouble::Trouble;
use asked::{Asked, Part, label};
use groups::{Group, groups};
use inbox::{Cause, causes};

/// Causes in the inbox; more of them are a sentence.
const CAUSES: usize = 20;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    frame: Frame,
    problem: Option<String>,
    inbox: Vec<Cause>,
    causes: usize,
    total: u64,
    counts: Vec<Count>,
    heading: String,
    filtered: bool,
    asked: Asked,
    states: Vec<Choice>,
    labels: Vec<Choice>,
    providers: Vec<Choice>,
    sorts: Vec<Choice>,
    groups: Vec<Group>,
    /// `51 to 100 of 1000`, where there are several pages.
    showing: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// This page's own address, where a form comes back to.
    here: String,
    found: Vec<FoundRow>,
}

struct Count {
    word: &'static str,
    said: &'static str,
    count: u64,
    current: bool,
}

struct FoundRow {
    credential: String,
    count: u64,
    advice: String,
}

/// `GET /`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    answer(show(&app, &session, asked).await)
}

async fn show(app: &App, session: &Session, asked: Asked) -> Result<Page, Trouble> {
    let now = Time::now();
    let loaded = app.loaded();
    let told = ops::service::causes(app, &session.caller).await?;
    let refusals = ops::service::refusals(app, &session.caller).await?;
    let may_operate = session.caller.may(Role::Operate).is_ok();
    let inbox = causes(&told, &refusals, may_operate, now);
    let cause = inbox.iter().find(|cause| cause.id == asked.cause);
    // The mirrors of a cause that is over are none.
    let among =
        (!asked.cause.is_empty()).then(|| cause.map_or_else(BTreeSet::new, |cause| cause.mirrors.clone()));
    let part = asked.part(app, session, among.as_ref()).await?;
    let mirrors = mirrors(app, &asked, &part).await?;
    let names: Vec<&str> = part.keys.iter().map(|key| key.name.as_str()).collect();
    let hours = app.store.run_hours(&names, Time(now.0 - millis(DAY))).await?;
    let counts = counts(&ops::service::counts(app, &session.caller).await?, &asked);
    let problem = ops::service::problem(&loaded, &session.caller);
    Ok(Page {
        frame: Frame::new(app, session, "/").await.live("/live/events"),
        problem: problem.map(|problem| cut(&visible(problem.as_bytes()))),
        total: counts.iter().map(|count| count.count).sum(),
        counts,
        heading: heading(&asked, cause),
        filtered: !asked.is_all(),
        states: MirrorState::ALL
            .iter()
            .map(|state| Choice::new(state.word(), said(*state), &asked.state))
            .collect(),
        labels: labels(&loaded, session, &asked.label),
        providers: hosts::Provider::ALL
            .iter()
            .map(|provider| Choice::new(provider.word(), provider.word(), &asked.provider))
            .collect(),
        sorts: [
            ("", "by label"),
            ("name", "by name"),
            ("behind", "longest behind first"),
            ("changed", "last changed first"),
        ]
        .into_iter()
        .map(|(value, word)| Choice::new(value, word, &asked.sort))
        .collect(),
        showing: part.several_pages(),
        before: part.before.map(|page| asked.href(page)),
        after: part.after.map(|page| asked.href(page)),
        here: asked.href(asked.page()),
        groups: groups(mirrors, &part, &hours, now),
        found: found_by_sweeps(app, session, now).await?,
        asked,
        causes: inbox.len(),
        inbox: inbox.into_iter().take(CAUSES).collect(),
    })
}

/// What stands above the list.
fn heading(asked: &Asked, cause: Option<&Cause>) -> String {
    match cause {
        Some(cause) => format!("Mirrors: {}", cause.title),
        None if asked.is_all() => "All mirrors".to_owned(),
        None => "Mirrors that fit".to_owned(),
    }
}

/// How many mirrors are in each state; states that are seldom are left out where nobody is in them.
fn counts(mirrors: &BTreeMap<MirrorState, u64>, asked: &Asked) -> Vec<Count> {
    MirrorState::ALL
        .iter()
        .filter_map(|state| {
            let count = mirrors.get(state).copied().unwrap_or_default();
            let always = matches!(
                state,
                MirrorState::InSync | MirrorState::Moving | MirrorState::Waiting | MirrorState::Failed
            );
            (always || count > 0).then(|| Count {
                word: state.word(),
                said: said(*state),
                count,
                current: asked.state == state.word(),
            })
        })
        .collect()
}

/// What sweeps found in a week that no webhook had told of, by credential.
async fn found_by_sweeps(app: &App, session: &Session, now: Time) -> Result<Vec<FoundRow>, Trouble> {
    if session.caller.is_limited() {
        return Ok(Vec::new());
    }
    let found = app.store.found_by_sweeps(Time(now.0 - 7 * millis(DAY))).await?;
    Ok(found
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(credential, count)| FoundRow {
            advice: format!("check its webhooks: refsync webhook register, for the mirrors of {credential}"),
            credential,
            count,
        })
        .collect())
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn said(state: MirrorState) -> &'static str {
    match state {
        MirrorState::New => "not looked at yet",
        MirrorState::InSync => "in sync",
        MirrorState::Moving => "moving",
        MirrorState::Waiting => "waiting for a person",
        MirrorState::Failed => "failed",
        MirrorState::Paused => "paused",
        MirrorState::Parked => "parked",
    }
}

/// The mirrors of a page, with the labels that they are grouped by.
async fn mirrors(app: &App, asked: &Asked, part: &Part) -> Result<Vec<(Option<String>, Mirror)>, Trouble> {
    let loaded = app.loaded();
    let found = ops::mirrors::of_keys(app, &part.keys).await?;
    Ok(found
        .iter()
        .map(|found| {
            let mirror = ops::show::mirror(found, None);
            let label = label(&loaded, &mirror.name).filter(|_| asked.is_grouped());
            (label, mirror)
        })
        .collect())
}

/// All labels that mirrors have, as far as the session may see them.
fn labels(loaded: &crate::app::Loaded, session: &Session, selected: &str) -> Vec<Choice> {
    const MOST: usize = 200;
    let mut all: Vec<String> = loaded
        .mirrors
        .values()
        .filter(|mirror| session.caller.sees(&mirror.labels))
        .flat_map(|mirror| mirror.labels.iter().map(|(key, value)| format!("{key}={value}")))
        .collect();
    all.sort();
    all.dedup();
    all.truncate(MOST);
    all.into_iter()
        .map(|label| Choice::new(label.clone(), visible(label.as_bytes()), selected))
        .collect()
}
