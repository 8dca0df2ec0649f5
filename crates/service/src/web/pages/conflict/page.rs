//! One conflict: both sides beside each other, and the choices.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use gitwire::Oid;
use serde::Deserialize;
use store::Time;

use super::choice::{ChoiceOf, choices};
use crate::api::model::Side;
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::history::{self, History};
use crate::web::pages::filters;
use crate::web::pages::overview::host;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{cut, mirror_href};
use crate::web::plot::{self, Branch};
use crate::web::session::Session;
use crate::web::show::When;
use crate::web::trouble::Trouble;

#[derive(Template)]
#[template(path = "conflict.html")]
struct Page {
    frame: Frame,
    mirror: String,
    mirror_href: String,
    reference: String,
    text: String,
    since: When,
    moved: Option<&'static str>,
    drawing: String,
    base: Option<String>,
    sides: Vec<SideOf>,
    choices: Vec<ChoiceOf>,
}

struct SideOf {
    word: Side,
    host: String,
    value: Option<String>,
    problem: Option<String>,
    commits: Vec<CommitRow>,
    empty: &'static str,
    more: bool,
}

struct CommitRow {
    id: String,
    subject: String,
    author: String,
    at: When,
}

/// Which conflict.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Asked {
    mirror: String,
    reference: String,
    /// The values that were confirmed are not there any more.
    #[serde(default)]
    moved: bool,
}

/// `GET /conflicts/view`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    answer(show(&app, &session, &asked).await)
}

async fn show(app: &Arc<App>, session: &Session, asked: &Asked) -> Result<Page, Trouble> {
    let now = Time::now();
    let conflict = ops::conflicts::show(app, &session.caller, &asked.mirror, &asked.reference).await?;
    let found = session.caller.mirror(app, &asked.mirror).await?;
    let mirror = found.configured()?;
    let base = oid(conflict.base.as_deref());
    let read = |side: engine::side::Side, value: Option<&str>| {
        let value = oid(value);
        async move { history::read(app, mirror, side, value, base).await }
    };
    let (source, target) = tokio::join!(
        read(engine::side::Side::Source, conflict.source.as_deref()),
        read(engine::side::Side::Target, conflict.target.as_deref()),
    );
    let short = |value: &Option<String>| {
        value
            .as_deref()
            .map_or("absent".to_owned(), |id| id[..7].to_owned())
    };
    let (source_short, target_short) = (short(&conflict.source), short(&conflict.target));
    let base_short = conflict.base.as_deref().map(|id| &id[..7]);
    let url = |side| mirror.ends.of(side).url.to_string();
    Ok(Page {
        frame: Frame::new(app, session, "/conflicts").await,
        mirror_href: mirror_href(&asked.mirror),
        drawing: plot::divergence(
            base_short,
            branch(&source_short, &source),
            branch(&target_short, &target),
        ),
        sides: vec![
            SideOf::new(
                Side::Source,
                &url(engine::side::Side::Source),
                conflict.source.clone(),
                source,
                now,
            ),
            SideOf::new(
                Side::Target,
                &url(engine::side::Side::Target),
                conflict.target.clone(),
                target,
                now,
            ),
        ],
        choices: choices(&conflict),
        base: conflict.base.clone(),
        text: cut(&conflict.text),
        since: When::of(conflict.since.0, now),
        moved: asked
            .moved
            .then_some("The values moved meanwhile: nothing was written. This is the new picture."),
        mirror: asked.mirror.clone(),
        reference: conflict.reference,
    })
}

fn oid(value: Option<&str>) -> Option<Oid> {
    gitwire::parse_oid(value?.as_bytes()).ok()
}

fn branch<'a>(value: &'a str, history: &Result<History, String>) -> Branch<'a> {
    match history {
        Ok(history) => Branch {
            value,
            commits: history.commits.len(),
            more: history.more,
            known: true,
        },
        Err(_) => Branch {
            value,
            commits: 0,
            more: false,
            known: false,
        },
    }
}

impl SideOf {
    fn new(
        word: Side,
        url: &str,
        value: Option<String>,
        history: Result<History, String>,
        now: Time,
    ) -> Self {
        let empty = if value.is_some() {
            "No commits since the base."
        } else {
            "The reference does not exist here."
        };
        let (problem, history) = match history {
            Ok(history) => (None, history),
            Err(problem) => (Some(problem), History::default()),
        };
        Self {
            word,
            host: host(url),
            value,
            problem,
            commits: history
                .commits
                .into_iter()
                .map(|commit| CommitRow {
                    id: commit.id.to_string(),
                    subject: cut(&visible(&commit.subject)),
                    author: cut(&visible(&commit.author)),
                    at: When::of(Time(commit.seconds.saturating_mul(1_000)), now),
                })
                .collect(),
            empty,
            more: history.more,
        }
    }
}
