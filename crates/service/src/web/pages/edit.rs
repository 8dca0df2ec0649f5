//! New and changed mirrors: a form and YAML, two tabs of one thing. Both sides are tried and the difference is shown before it is saved.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::raw::MirrorSpec;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};

use super::rows::{cut, mirror_href};
use super::run::{Pressed, answer, redirect};
use crate::api::model::check::CheckResult;
use crate::app::App;
use crate::ops::{self, OpError};
use crate::output::names::visible;
use crate::web::frame::Frame;
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

/// The form's fields: what people change most. The YAML has everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Fields {
    name: String,
    description: String,
    labels: String,
    direction: String,
    source: String,
    source_credential: String,
    target: String,
    target_credential: String,
    references: String,
    sync_delete: String,
    sweep: String,
    #[serde(skip)]
    two_way: bool,
}

/// What is sent: the fields or the YAML, by the tab.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Sent {
    csrf: String,
    version: String,
    tab: String,
    act: String,
    yaml: String,
    name: String,
    description: String,
    labels: String,
    direction: String,
    source: String,
    source_credential: String,
    target: String,
    target_credential: String,
    references: String,
    sync_delete: String,
    sweep: String,
}

impl Sent {
    fn fields(&self) -> Fields {
        Fields {
            name: self.name.clone(),
            description: self.description.clone(),
            labels: self.labels.clone(),
            direction: self.direction.clone(),
            source: self.source.clone(),
            source_credential: self.source_credential.clone(),
            target: self.target.clone(),
            target_credential: self.target_credential.clone(),
            references: self.references.clone(),
            sync_delete: self.sync_delete.clone(),
            sweep: self.sweep.clone(),
            two_way: self.direction == "two-way",
        }
    }

    /// The mirror that was described; `before` has what the form does not show.
    fn spec(&self, before: Option<&MirrorSpec>) -> Result<MirrorSpec, String> {
        if self.tab == "yaml" {
            return serde_saphyr::from_str(&self.yaml).map_err(|error| in_words(&error));
        }
        self.fields().spec(before)
    }
}

/// What is wrong with YAML, without a piece of it: it may hold what was not meant for here.
fn in_words(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    visible(text.as_bytes())
}

impl Fields {
    fn of(spec: &MirrorSpec) -> Self {
        let value = serde_json::to_value(spec).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let side = |side: &Value| match side {
            Value::String(url) => (url.clone(), String::new()),
            other => (text(&other["url"]), text(&other["credential"])),
        };
        let (source, source_credential) = side(&value["source"]);
        let (target, target_credential) = side(&value["target"]);
        let labels: Vec<String> = spec
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        Self {
            name: spec.name.clone(),
            description: text(&value["description"]),
            labels: labels.join(", "),
            two_way: value["direction"] == "two-way",
            direction: text(&value["direction"]),
            source,
            source_credential,
            target,
            target_credential,
            references: spec.references.clone().unwrap_or_default().join("\n"),
            sync_delete: value["syncDelete"]
                .as_bool()
                .map_or(String::new(), |sync| sync.to_string()),
            sweep: text(&value["sweep"]),
        }
    }

    fn spec(&self, before: Option<&MirrorSpec>) -> Result<MirrorSpec, String> {
        let before = before
            .map(serde_json::to_value)
            .transpose()
            .map_err(|error| error.to_string())?;
        let mut spec = match before {
            Some(Value::Object(spec)) => spec,
            _ => Map::new(),
        };
        let mut set = |key: &str, value: Option<Value>| match value {
            Some(value) => drop(spec.insert(key.to_owned(), value)),
            None => drop(spec.remove(key)),
        };
        let given = |text: &str| {
            Some(text.trim())
                .filter(|text| !text.is_empty())
                .map(|text| json!(text))
        };
        let side = |url: &str, credential: &str| match credential {
            "" => Some(json!(url.trim())),
            credential => Some(json!({"url": url.trim(), "credential": credential})),
        };
        set("name", Some(json!(self.name.trim())));
        set("description", given(&self.description));
        set("labels", labels(&self.labels)?);
        set("direction", given(&self.direction));
        set("source", side(&self.source, &self.source_credential));
        set("target", side(&self.target, &self.target_credential));
        let references: Vec<&str> = self
            .references
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        set("references", (!references.is_empty()).then(|| json!(references)));
        set(
            "syncDelete",
            match self.sync_delete.as_str() {
                "true" => Some(json!(true)),
                "false" => Some(json!(false)),
                _ => None,
            },
        );
        set("sweep", given(&self.sweep));
        serde_json::from_value(Value::Object(spec)).map_err(|error| error.to_string())
    }
}

fn labels(text: &str) -> Result<Option<Value>, String> {
    let mut labels = Map::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| format!("labels are written as team=pay, not {}", visible(part.as_bytes())))?;
        labels.insert(key.trim().to_owned(), json!(value.trim()));
    }
    Ok((!labels.is_empty()).then_some(Value::Object(labels)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        Fields {
            name: "app".into(),
            source: "https://a.example/app.git".into(),
            target: "https://b.example/app.git".into(),
            target_credential: "b".into(),
            labels: "team=pay, tier=1".into(),
            references: "refs/heads/*\n".into(),
            sync_delete: "true".into(),
            direction: "two-way".into(),
            two_way: true,
            ..Fields::default()
        }
    }

    #[test]
    fn the_form_and_the_yaml_are_one_thing() {
        let spec = fields().spec(None).unwrap();
        let again = Fields::of(&spec).spec(None).unwrap();
        assert_eq!(spec, again);
        let yaml = serde_saphyr::to_string(&spec).unwrap();
        let sent = Sent {
            tab: "yaml".into(),
            yaml,
            ..Sent::default()
        };
        assert_eq!(sent.spec(None).unwrap(), spec);
    }

    #[test]
    fn what_the_form_does_not_show_is_kept() {
        let mut before = fields().spec(None).unwrap();
        before.atomic = Some(true);
        let after = fields().spec(Some(&before)).unwrap();
        assert_eq!(after.atomic, Some(true));
    }

    #[test]
    fn labels_that_cannot_be_read_are_told() {
        assert!(labels("team").unwrap_err().contains("team=pay"));
        assert_eq!(labels(" ").unwrap(), None);
    }
}
