//! The overview: what needs a person, counts by state, and the mirrors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{Redirect, Response};
use serde::Deserialize;
use store::Time;
use store::mirror::{Filter, Health};
use store::run::HourOfRuns;

use super::filters;
use super::rows::{Choice, Link, conflict_href, cut, mirror_href, segment};
use super::run::{answer, redirect};
use crate::api::model::mirror::{Direction, Mirror, MirrorState};
use crate::api::model::run::RunRequest;
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::plot;
use crate::web::session::Session;
use crate::web::show::{When, between, counted, length};
use crate::web::trouble::Trouble;

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

/// Something that needs a person.
struct Cause {
    tone: &'static str,
    title: String,
    detail: String,
    since: When,
    links: Vec<Link>,
}

struct Count {
    word: &'static str,
    said: &'static str,
    count: u64,
    current: bool,
}

/// Mirrors with the same label.
struct Group {
    title: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    href: String,
    state: &'static str,
    source: String,
    target: String,
    arrow: &'static str,
    direction: &'static str,
    behind: Option<Behind>,
    changed: Option<When>,
    error: Option<String>,
    strip: String,
}

struct Behind {
    exact: String,
    length: String,
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
        .map(|label| Choice::new(label.clone(), label, selected))
        .collect()
}

fn groups(mut mirrors: Vec<Mirror>, hours: &[HourOfRuns], asked: &Asked, now: Time) -> Vec<Group> {
    let mut of: BTreeMap<&str, Vec<&HourOfRuns>> = BTreeMap::new();
    for hour in hours {
        of.entry(&hour.mirror).or_default().push(hour);
    }
    let row = |mirror: &Mirror| {
        Row::new(
            mirror,
            of.get(mirror.name.as_str()).map_or(&[], Vec::as_slice),
            now,
        )
    };
    match asked.sort.as_str() {
        "behind" => mirrors.sort_by_key(|mirror| mirror.behind_since.map_or(i64::MAX, |since| since.0.0)),
        "changed" => mirrors.sort_by_key(|mirror| std::cmp::Reverse(mirror.changed_at.map(|at| at.0))),
        "name" => {}
        _ => return by_label(&mirrors, row),
    }
    let rows: Vec<Row> = mirrors.iter().map(row).collect();
    let some = !rows.is_empty();
    some.then_some(Group { title: None, rows }).into_iter().collect()
}

/// One group for each value of the first label; those without any last.
fn by_label(mirrors: &[Mirror], row: impl Fn(&Mirror) -> Row) -> Vec<Group> {
    let mut groups: BTreeMap<(bool, Option<String>), Vec<Row>> = BTreeMap::new();
    for mirror in mirrors {
        let label = mirror
            .labels
            .iter()
            .next()
            .map(|(key, value)| cut(&visible(format!("{key}: {value}").as_bytes())));
        groups
            .entry((label.is_none(), label))
            .or_default()
            .push(row(mirror));
    }
    let alone = groups.len() == 1;
    groups
        .into_iter()
        .map(|((_, title), rows)| Group {
            title: match title {
                None if alone => None,
                title => Some(title.unwrap_or_else(|| "no label".to_owned())),
            },
            rows,
        })
        .collect()
}

impl Row {
    fn new(mirror: &Mirror, hours: &[&HourOfRuns], now: Time) -> Self {
        let two_way = mirror.direction == Direction::TwoWay;
        Self {
            href: mirror_href(&mirror.name),
            state: mirror.state.word(),
            source: host(&mirror.source.url),
            target: host(&mirror.target.url),
            arrow: if two_way { "⇄" } else { "→" },
            direction: if two_way { "both ways with" } else { "to" },
            behind: mirror.behind_since.map(|since| Behind {
                exact: since.to_string(),
                length: length(between(since.0, now)),
            }),
            changed: mirror.changed_at.map(|at| When::of(at.0, now)),
            error: mirror.error.as_deref().map(cut),
            strip: plot::strip(hours, now),
            name: mirror.name.clone(),
        }
    }
}

/// The host of an address, or the last part of a path.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    if url.starts_with('/') || host.is_empty() {
        url.trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(url)
            .to_owned()
    } else {
        host.to_owned()
    }
}

fn cause(notice: &crate::api::model::service::Notice, now: Time) -> Cause {
    let mut links = Vec::new();
    let mirror = match &notice.mirrors[..] {
        [mirror] => Some(mirror),
        _ => None,
    };
    match notice.cause.split(' ').collect::<Vec<_>>()[..] {
        ["conflict", mirror, reference, ..] => {
            links.push(Link::new(conflict_href(mirror, reference), "Settle…").main());
        }
        ["held", _, run] => links.push(Link::new(format!("/runs/{run}"), "Look and approve").main()),
        _ => {}
    }
    match mirror {
        Some(mirror) => links.push(Link::new(mirror_href(mirror), "Mirror")),
        None => links.push(Link::new("/?state=failed", "Show mirrors")),
    }
    Cause {
        tone: if notice.event == "failure" {
            "failed"
        } else {
            "waiting"
        },
        title: cut(&visible(notice.text.as_bytes())),
        detail: match mirror {
            Some(mirror) => mirror.clone(),
            None => counted(notice.mirrors.len() as u64, "mirror"),
        },
        since: When::of(notice.since.0, now),
        links,
    }
}

/// `POST /mirrors/bulk`: the same for all that were ticked.
pub(in crate::web) async fn bulk(State(app): State<Arc<App>>, session: Session, body: Bytes) -> Response {
    redirect(&app, act_on_all(&app, &session, &body).await)
}

async fn act_on_all(app: &App, session: &Session, body: &Bytes) -> Result<Redirect, Trouble> {
    let fields: Vec<(String, String)> = crate::web::form::read(body)?;
    let value = |key: &str| {
        fields
            .iter()
            .find(|(name, _)| name == key)
            .map_or("", |(_, value)| value.as_str())
    };
    session.check(value("csrf"))?;
    let names = fields
        .iter()
        .filter(|(key, _)| key == "name")
        .map(|(_, name)| name);
    for name in names {
        match value("act") {
            "run" => drop(ops::ask::run(app, &session.caller, name, &RunRequest::default()).await?),
            "pause" => drop(ops::mirrors::set_paused(app, &session.caller, name, true).await?),
            "resume" => drop(ops::mirrors::set_paused(app, &session.caller, name, false).await?),
            _ => return Err(Trouble::bad("press one of the buttons below the list")),
        }
    }
    Ok(Redirect::to("/"))
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_row_names_hosts() {
        assert_eq!(host("https://git.example.com/acme/app.git"), "git.example.com");
        assert_eq!(host("git@git.example.com:acme/app.git"), "git.example.com");
        assert_eq!(
            host("ssh://git@git.example.com:7999/acme/app.git"),
            "git.example.com"
        );
        assert_eq!(host("/srv/git/app.git"), "app.git");
        assert_eq!(host("file:///srv/git/app.git"), "app.git");
    }
}
