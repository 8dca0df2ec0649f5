//! The page of a new or a changed mirror.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::raw::MirrorSpec;
use serde::Deserialize;
use store::token::Role;

use super::difference::{DiffLine, difference};
use super::fields::{Fields, Sent, digest};
use super::{NOT_SHOWN, problems, yaml_of};
use crate::api::model::check::{Check, CheckResult};
use crate::app::App;
use crate::ops::{self, OpError};
use crate::web::frame::Frame;
use crate::web::pages::filters;
use crate::web::pages::reply::{Pressed, answer, press};
use crate::web::pages::rows::{cut, mirror_href};
use crate::web::session::Session;
use crate::web::trouble::Trouble;

/// What the YAML of a new mirror begins with.
const EXAMPLE: &str =
    "name: app\nsource: https://git.example.com/acme/app.git\ntarget: https://github.com/acme/app.git\n";

#[derive(Template)]
#[template(path = "edit.html")]
struct Page {
    frame: Frame,
    title: String,
    action: String,
    href: Option<String>,
    /// Where it is defined, if not here.
    read_only: Option<String>,
    existing: bool,
    as_yaml: bool,
    version: String,
    yaml: String,
    form: Fields,
    /// The whole mirror, where the form was reached from the YAML.
    rest: String,
    /// The digest of what the difference shows.
    shown: String,
    credentials: Vec<String>,
    problems: Vec<String>,
    /// Why both sides were not tried.
    untried: Vec<String>,
    checks: Option<Vec<CheckRow>>,
    difference: Option<Vec<DiffLine>>,
}

impl Page {
    /// Says what is wrong, where the result of what was pressed would stand.
    fn tell(&mut self, sent: &Sent, problems: Vec<String>) {
        match sent.act.as_str() {
            "try" => self.untried = problems,
            _ => self.problems = problems,
        }
    }
}

struct CheckRow {
    tone: &'static str,
    text: String,
    advice: Option<String>,
}

impl CheckRow {
    fn new(check: &Check) -> Self {
        Self {
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
        }
    }
}

/// Which tab.
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
    let page = blank(&app, &session).await.map(|page| Page {
        as_yaml: tab.tab == "yaml",
        ..page
    });
    answer(page.map_err(Trouble::from))
}

/// An empty page. It names the credentials, which only admins are shown.
async fn blank(app: &App, session: &Session) -> Result<Page, OpError> {
    session.caller.may(Role::Admin)?;
    Ok(Page {
        frame: Frame::new(app, session, "/").await,
        title: "New mirror".into(),
        action: "/new".into(),
        href: None,
        read_only: None,
        existing: false,
        as_yaml: false,
        version: String::new(),
        yaml: EXAMPLE.into(),
        form: Fields::default(),
        rest: String::new(),
        shown: String::new(),
        credentials: app.loaded().config.credentials.keys().cloned().collect(),
        problems: Vec::new(),
        untried: Vec::new(),
        checks: None,
        difference: None,
    })
}

/// `GET /mirrors/{name}/edit`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Query(tab): Query<Tab>,
) -> Response {
    let page = existing(&app, &session, &name).await;
    let with_tab = page.map(|(page, _)| Page {
        as_yaml: tab.tab == "yaml",
        ..page
    });
    answer(with_tab)
}

/// The page of a mirror, and how it was described if it was made here.
async fn existing(app: &App, session: &Session, name: &str) -> Result<(Page, Option<MirrorSpec>), Trouble> {
    let page = blank(app, session).await?;
    let versioned = ops::mirrors::show(app, &session.caller, name).await?;
    let mirror = versioned.found.configured()?;
    let spec = versioned.spec()?;
    let yaml = match &spec {
        Some(spec) => yaml_of(spec)?,
        None => config::render::mirror(mirror),
    };
    let page = Page {
        title: name.to_owned(),
        action: format!("{}/edit", mirror_href(name)),
        href: Some(mirror_href(name)),
        read_only: (mirror.origin != "api").then(|| mirror.origin.clone()),
        existing: true,
        version: versioned
            .version()
            .map_or(String::new(), |version| version.to_string()),
        form: spec.as_ref().map(Fields::of).unwrap_or_default(),
        yaml,
        ..page
    };
    Ok((page, spec))
}

/// `POST /new`.
pub(in crate::web) async fn make(
    State(app): State<Arc<App>>,
    session: Session,
    Form(sent): Form<Sent>,
) -> Response {
    match change(&app, &session, None, &sent).await {
        Ok(response) => response,
        Err(trouble) => trouble.into_response(),
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
        Err(trouble) => trouble.into_response(),
    }
}

async fn change(
    app: &Arc<App>,
    session: &Session,
    name: Option<&str>,
    sent: &Sent,
) -> Result<Response, Trouble> {
    session.check(&sent.csrf)?;
    let (mut page, before) = match name {
        Some(name) => existing(app, session, name).await?,
        None => (blank(app, session).await?, None),
    };
    page.as_yaml = sent.tab == "yaml";
    page.rest.clone_from(&sent.rest);
    if page.as_yaml {
        page.yaml.clone_from(&sent.yaml);
    } else {
        page.form = sent.fields();
    }
    // Somebody else's change meanwhile is found when this one is saved.
    if !sent.version.is_empty() {
        page.version.clone_from(&sent.version);
    }
    let spec = match sent.spec(before.as_ref()) {
        Ok(spec) => spec,
        Err(problem) => {
            page.tell(sent, vec![problem]);
            return Ok(answer(Ok(page)));
        }
    };
    match act(app, session, &mut page, name, sent, before.as_ref(), &spec).await {
        Ok(Some(saved)) => Ok(Redirect::to(&mirror_href(&saved)).into_response()),
        Ok(None) => Ok(answer(Ok(page))),
        Err(error) => {
            page.tell(sent, problems(error)?);
            Ok(answer(Ok(page)))
        }
    }
}

/// Does what was pressed; the name of what was saved, if it was.
async fn act(
    app: &Arc<App>,
    session: &Session,
    page: &mut Page,
    name: Option<&str>,
    sent: &Sent,
    before: Option<&MirrorSpec>,
    spec: &MirrorSpec,
) -> Result<Option<String>, OpError> {
    match sent.act.as_str() {
        "form" | "yaml" => {
            turn(page, spec, sent.act == "yaml")?;
            return Ok(None);
        }
        "try" => {
            page.checks = Some(tried(app, session, spec).await?);
            return Ok(None);
        }
        "save" if sent.shown == digest(spec) => {
            write(app, session, name, sent, spec).await?;
            return Ok(Some(spec.name.clone()));
        }
        "save" => page.problems = vec![NOT_SHOWN.into()],
        _ => {}
    }
    page.checks = Some(tried(app, session, spec).await?);
    let old = before.map(yaml_of).transpose()?.unwrap_or_default();
    page.difference = Some(difference(&old, &yaml_of(spec)?));
    page.shown = digest(spec);
    Ok(None)
}

/// Shows the same mirror in the other tab.
fn turn(page: &mut Page, spec: &MirrorSpec, as_yaml: bool) -> Result<(), OpError> {
    page.as_yaml = as_yaml;
    page.yaml = yaml_of(spec)?;
    page.form = Fields::of(spec);
    page.rest = serde_json::to_string(spec).map_err(|error| OpError::Failed(error.to_string()))?;
    Ok(())
}

async fn tried(app: &Arc<App>, session: &Session, spec: &MirrorSpec) -> Result<Vec<CheckRow>, OpError> {
    let report = ops::look::check_spec(app, &session.caller, spec).await?;
    Ok(report.checks.iter().map(CheckRow::new).collect())
}

async fn write(
    app: &App,
    session: &Session,
    name: Option<&str>,
    sent: &Sent,
    spec: &MirrorSpec,
) -> Result<(), OpError> {
    let caller = &session.caller;
    match name {
        Some(name) => ops::mirrors::change(app, caller, name, sent.version.parse().ok(), spec)
            .await
            .map(drop),
        None => ops::mirrors::create(app, caller, spec).await.map(drop),
    }
}

/// `POST /mirrors/{name}/edit/remove`.
pub(in crate::web) async fn remove(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    press(&session, &pressed, async {
        let versioned = ops::mirrors::show(&app, &session.caller, &name).await?;
        ops::mirrors::remove(&app, &session.caller, &name, versioned.version()).await?;
        Ok("/".to_owned())
    })
    .await
}
