//! New and changed mirrors: a form and YAML, two tabs of one thing. Both sides are tried and the difference is shown before it is saved.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::raw::MirrorSpec;
use serde::Deserialize;
use similar::{ChangeTag, TextDiff};

mod fields;

use super::filters;
use super::reply::{Pressed, answer, redirect};
use super::rows::{cut, mirror_href};
use crate::api::model::check::CheckResult;
use crate::app::App;
use crate::ops::{self, OpError};
use crate::web::frame::Frame;
use crate::web::session::Session;
use crate::web::trouble::Trouble;
use fields::{Fields, Sent};

/// What the YAML of a new mirror begins with.
const EXAMPLE: &str =
    "name: app\nsource: https://git.example.com/acme/app.git\ntarget: https://github.com/acme/app.git\n";

#[derive(Template)]
#[template(path = "edit.html")]
struct Page {
    frame: Frame,
    title: String,
    action: String,
    /// Where it is defined, if not here.
    read_only: Option<String>,
    existing: bool,
    as_yaml: bool,
    version: String,
    yaml: String,
    form: Fields,
    credentials: Vec<String>,
    problems: Vec<String>,
    checks: Option<Vec<CheckRow>>,
    difference: Option<Vec<DiffLine>>,
}

struct CheckRow {
    tone: &'static str,
    text: String,
    advice: Option<String>,
}

struct DiffLine {
    tone: &'static str,
    text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Tab {
    tab: String,
}

/// `GET /new`.
pub(in crate::web) async fn new(
    State(app): State<Arc<App>>,
    session: Session,
    Query(tab): Query<Tab>,
) -> Response {
    let page = blank(&app, &session).await;
    html_of(
        &app,
        Ok(Page {
            as_yaml: tab.tab == "yaml",
            ..page
        }),
    )
}

async fn blank(app: &App, session: &Session) -> Page {
    Page {
        frame: Frame::new(app, session, "/").await,
        title: "New mirror".into(),
        action: "/new".into(),
        read_only: None,
        existing: false,
        as_yaml: false,
        version: String::new(),
        yaml: EXAMPLE.into(),
        form: Fields::default(),
        credentials: app.loaded().config.credentials.keys().cloned().collect(),
        problems: Vec::new(),
        checks: None,
        difference: None,
    }
}

/// `GET /mirrors/{name}/edit`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Query(tab): Query<Tab>,
) -> Response {
    let page = existing(&app, &session, &name).await;
    html_of(
        &app,
        page.map(|page| Page {
            as_yaml: tab.tab == "yaml",
            ..page
        }),
    )
}

async fn existing(app: &App, session: &Session, name: &str) -> Result<Page, Trouble> {
    let versioned = ops::mirrors::show(app, &session.caller, name).await?;
    let mirror = versioned.found.configured()?;
    let spec = made(app, name).await?;
    let read_only = (mirror.origin != "api").then(|| mirror.origin.clone());
    let yaml = match &spec {
        Some(spec) => serde_saphyr::to_string(spec).map_err(|error| Trouble::bad(error.to_string()))?,
        None => config::render::mirror(mirror),
    };
    Ok(Page {
        title: name.to_owned(),
        action: format!("{}/edit", mirror_href(name)),
        read_only,
        existing: true,
        version: versioned
            .version
            .map_or(String::new(), |version| version.to_string()),
        form: spec.as_ref().map(Fields::of).unwrap_or_default(),
        yaml,
        ..blank(app, session).await
    })
}

/// A mirror made here or over the API, as it was described.
async fn made(app: &App, name: &str) -> Result<Option<MirrorSpec>, Trouble> {
    let made = app.store.made().await?;
    let spec = made
        .into_iter()
        .find(|made| made.name == name)
        .map(|made| made.spec);
    spec.map(|spec| serde_json::from_str(&spec))
        .transpose()
        .map_err(|error| Trouble::bad(error.to_string()))
}

fn html_of(app: &App, page: Result<Page, Trouble>) -> Response {
    answer(app, page)
}

/// `POST /new`.
pub(in crate::web) async fn make(
    State(app): State<Arc<App>>,
    session: Session,
    Form(sent): Form<Sent>,
) -> Response {
    match change(&app, &session, None, &sent).await {
        Ok(response) => response,
        Err(trouble) => trouble.answer(&app),
    }
}

/// `POST /mirrors/{name}/edit`.
pub(in crate::web) async fn save(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(sent): Form<Sent>,
) -> Response {
    match change(&app, &session, Some(&name), &sent).await {
        Ok(response) => response,
        Err(trouble) => trouble.answer(&app),
    }
}

async fn change(app: &App, session: &Session, name: Option<&str>, sent: &Sent) -> Result<Response, Trouble> {
    session.check(&sent.csrf)?;
    let mut page = match name {
        Some(name) => existing(app, session, name).await?,
        None => blank(app, session).await,
    };
    let before = match name {
        Some(name) => made(app, name).await?,
        None => None,
    };
    page.as_yaml = sent.tab == "yaml";
    if page.as_yaml {
        page.yaml.clone_from(&sent.yaml);
    } else {
        page.form = sent.fields();
    }
    let spec = match sent.spec(before.as_ref()) {
        Ok(spec) => spec,
        Err(problem) => {
            page.problems = vec![problem];
            return Ok(answer(app, Ok(page)));
        }
    };
    let done = if sent.act == "save" {
        write(app, session, name, sent, &spec).await
    } else {
        preview(app, session, &mut page, before.as_ref(), &spec)
            .await
            .map(|()| None)
    };
    match done {
        Ok(Some(name)) => Ok(Redirect::to(&mirror_href(&name)).into_response()),
        Ok(None) => Ok(answer(app, Ok(page))),
        Err(OpError::Invalid(errors)) => {
            page.problems = errors
                .iter()
                .map(|error| format!("{}: {}", error.path, error.message))
                .collect();
            Ok(answer(app, Ok(page)))
        }
        Err(error @ (OpError::Conflict(_) | OpError::Stale(_))) => {
            page.problems = vec![error.to_string()];
            Ok(answer(app, Ok(page)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn write(
    app: &App,
    session: &Session,
    name: Option<&str>,
    sent: &Sent,
    spec: &MirrorSpec,
) -> Result<Option<String>, OpError> {
    match name {
        Some(name) => {
            drop(ops::mirrors::change(app, &session.caller, name, sent.version.parse().ok(), spec).await?);
        }
        None => drop(ops::mirrors::create(app, &session.caller, spec).await?),
    }
    Ok(Some(spec.name.clone()))
}

/// Tries both sides and shows what would change.
async fn preview(
    app: &App,
    session: &Session,
    page: &mut Page,
    before: Option<&MirrorSpec>,
    spec: &MirrorSpec,
) -> Result<(), OpError> {
    let report = ops::look::check_spec(app, &session.caller, spec).await?;
    page.checks = Some(
        report
            .checks
            .iter()
            .map(|check| CheckRow {
                tone: match check.result {
                    CheckResult::Ok => "ok",
                    CheckResult::Warning => "warning",
                    CheckResult::Failed => "failed",
                    CheckResult::Skipped => "skipped",
                },
                text: match check.side {
                    Some(side) => format!("{side}: {}", cut(&check.text)),
                    None => cut(&check.text),
                },
                advice: check.advice.as_deref().map(cut),
            })
            .collect(),
    );
    let yaml =
        |spec: &MirrorSpec| serde_saphyr::to_string(spec).map_err(|error| OpError::Failed(error.to_string()));
    let old = before.map(yaml).transpose()?.unwrap_or_default();
    let new = yaml(spec)?;
    page.difference = Some(
        TextDiff::from_lines(&old, &new)
            .iter_all_changes()
            .map(|change| {
                let (tone, mark) = match change.tag() {
                    ChangeTag::Insert => ("added", '+'),
                    ChangeTag::Delete => ("removed", '-'),
                    ChangeTag::Equal => ("same", ' '),
                };
                DiffLine {
                    tone,
                    text: format!("{mark} {}", change.value().trim_end()),
                }
            })
            .collect(),
    );
    page.yaml = new;
    page.form = Fields::of(spec);
    Ok(())
}

/// `POST /mirrors/{name}/edit/remove`.
pub(in crate::web) async fn remove(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let done = async {
        session.check(pressed.csrf())?;
        let versioned = ops::mirrors::show(&app, &session.caller, &name).await?;
        ops::mirrors::remove(&app, &session.caller, &name, versioned.version).await?;
        Ok(Redirect::to("/"))
    };
    redirect(&app, done.await)
}
