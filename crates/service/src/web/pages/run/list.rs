//! The list of runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use store::Time;
use store::run::Filter;

use crate::api::model;
use crate::api::model::run::{Run, RunState};
use crate::app::App;
use crate::ops::{self, OpError};
use crate::web::frame::Frame;
use crate::web::pages::filters;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{Choice, RunRow, segment};
use crate::web::pages::typed;
use crate::web::session::Session;

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
        let listed = runs_of(&app, &session, &filter, asked.after.clone(), 50).await;
        let runs = typed::of_mirror(&asked.mirror, listed)?;
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
    answer(page.await)
}

/// Runs, newest first, as far as the session may see them.
pub(in crate::web) async fn runs_of(
    app: &App,
    session: &Session,
    filter: &Filter,
    after: Option<String>,
    limit: u32,
) -> Result<model::Page<Run>, OpError> {
    let ask = ops::pages::ask(after, Some(limit))?;
    let runs = ops::runs::list(app, &session.caller, filter, &BTreeMap::new(), ask).await?;
    Ok(model::Page::of(runs, ops::show::run))
}
