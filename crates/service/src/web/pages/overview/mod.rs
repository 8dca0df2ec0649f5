//! The overview: what needs a person, counts by state, and the mirrors.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use store::Time;
use store::mirror::{Filter, Health};

mod bulk;
mod groups;
mod inbox;

pub(in crate::web) use bulk::bulk;
pub(in crate::web) use groups::host;

use super::filters;
use super::reply::answer;
use super::rows::{Choice, cut, segment};
use crate::api::model::mirror::{Mirror, MirrorState};
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::session::Session;
use crate::web::trouble::Trouble;
use groups::{Group, groups};
use inbox::{Cause, cause};

/// Mirrors on a page: with them it stays under 100 kB.
const ROWS: u32 = 100;

/// Causes in the inbox; more of them are a sentence.
const CAUSES: usize = 20;

/// All states as the database has them.
const HEALTH: [Health; 7] = [
    Health::New,
    Health::InSync,
    Health::Moving,
    Health::Waiting,
    Health::Failed,
    Health::Paused,
    Health::Parked,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    frame: Frame,
    problem: Option<String>,
    inbox: Vec<Cause>,
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
    next: Option<String>,
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

/// What the person asked to see.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    search: String,
    state: String,
    label: String,
    provider: String,
    sort: String,
    after: Option<String>,
}

impl Asked {
    fn is_all(&self) -> bool {
        [&self.search, &self.state, &self.label, &self.provider]
            .iter()
            .all(|text| text.is_empty())
    }

    fn href(&self, after: &str) -> String {
        format!(
            "/?search={}&state={}&label={}&provider={}&sort={}&after={}",
            segment(&self.search),
            segment(&self.state),
            segment(&self.label),
            segment(&self.provider),
            segment(&self.sort),
            segment(after)
        )
    }
}

/// `GET /`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    answer(&app, show(&app, &session, asked).await)
}

async fn show(app: &App, session: &Session, asked: Asked) -> Result<Page, Trouble> {
    let now = Time::now();
    let overview = ops::service::overview(app, &session.caller).await?;
    let (mirrors, next) = mirrors(app, session, &asked).await?;
    let names: Vec<&str> = mirrors.iter().map(|mirror| mirror.name.as_str()).collect();
    let hours = app.store.run_hours(&names, Time(now.0 - millis(DAY))).await?;
    let counts: Vec<Count> = MirrorState::ALL
        .iter()
        .filter_map(|state| {
            let count = overview.mirrors.get(state).copied().unwrap_or_default();
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
        .collect();
    let found = if session.caller.is_limited() {
        Vec::new()
    } else {
        app.store.found_by_sweeps(Time(now.0 - 7 * millis(DAY))).await?
    };
    let loaded = app.loaded();
    Ok(Page {
        frame: Frame::new(app, session, "/").await.live("/live/events"),
        problem: overview.problem.map(|problem| cut(&visible(problem.as_bytes()))),
        inbox: overview
            .notices
            .iter()
            .take(CAUSES)
            .map(|notice| cause(notice, now))
            .collect(),
        total: counts.iter().map(|count| count.count).sum(),
        counts,
        heading: if asked.is_all() {
            "All mirrors"
        } else {
            "Mirrors that fit"
        }
        .to_owned(),
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
        groups: groups(mirrors, &hours, &asked, now),
        next: next.map(|after| asked.href(&after)),
        found: found
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(credential, count)| FoundRow {
                advice: format!(
                    "check its webhooks: refsync webhook register, for the mirrors of {credential}"
                ),
                credential,
                count,
            })
            .collect(),
        asked,
    })
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

/// The mirrors of a page, and where the next one begins.
async fn mirrors(
    app: &App,
    session: &Session,
    asked: &Asked,
) -> Result<(Vec<Mirror>, Option<String>), Trouble> {
    let filter = Filter {
        labels: ops::mirrors::selection(&asked.label)?,
        health: HEALTH
            .into_iter()
            .filter(|health| MirrorState::from(*health).word() == asked.state)
            .collect(),
        search: (!asked.search.is_empty()).then(|| asked.search.clone()),
        parked: asked.state == MirrorState::Parked.word(),
    };
    let ask = ops::pages::ask(asked.after.clone(), Some(ROWS))?;
    let page = ops::mirrors::list(app, &session.caller, filter, &ask).await?;
    let fits = |mirror: &Mirror| {
        let is = |provider: &Option<String>| provider.as_deref() == Some(asked.provider.as_str());
        asked.provider.is_empty() || is(&mirror.source.provider) || is(&mirror.target.provider)
    };
    let mirrors = page
        .items
        .iter()
        .map(|versioned| ops::show::mirror(&versioned.found, versioned.version))
        .filter(fits)
        .collect();
    Ok((mirrors, page.next))
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
