//! An input set of a mirror that is made, changed or removed, as a form or as YAML.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::raw::{InputSetSpec, MirrorSpec};
use engine::decide::Direction;
use serde::Deserialize;
use store::token::Role;

use super::difference::{DiffLine, difference};
use super::fields::{digest, in_words};
use super::{NOT_SHOWN, problems, yaml_of};
use crate::app::App;
use crate::ops::{self, OpError};
use crate::web::form::{flag, lines};
use crate::web::frame::Frame;
use crate::web::pages::filters;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{cut, mirror_href};
use crate::web::session::Session;
use crate::web::trouble::Trouble;

#[derive(Template)]
#[template(path = "input_set.html")]
struct Page {
    frame: Frame,
    mirror: String,
    href: String,
    title: String,
    /// The name under which it is there already.
    existing: Option<String>,
    two_way: bool,
    as_yaml: bool,
    version: String,
    yaml: String,
    form: Fields,
    shown: String,
    problems: Vec<String>,
    difference: Option<Vec<DiffLine>>,
}

/// The form's fields: all that a set has.
#[derive(Debug, Clone, Default)]
struct Fields {
    name: String,
    reverse: bool,
    references: String,
    sync_delete: String,
    reference_sha_old: String,
}

impl Fields {
    fn of(set: &InputSetSpec) -> Self {
        Self {
            name: set.name.clone(),
            reverse: set.reverse,
            references: set.references.clone().unwrap_or_default().join("\n"),
            sync_delete: set.sync_delete.map_or(String::new(), |sync| sync.to_string()),
            reference_sha_old: set.reference_sha_old.clone().unwrap_or_default(),
        }
    }

    fn set(&self) -> InputSetSpec {
        let references: Vec<String> = lines(&self.references).into_iter().map(str::to_owned).collect();
        let old = self.reference_sha_old.trim();
        InputSetSpec {
            name: self.name.trim().to_owned(),
            reverse: self.reverse,
            references: (!references.is_empty()).then_some(references),
            sync_delete: flag(&self.sync_delete),
            reference_sha_old: (!old.is_empty()).then(|| old.to_owned()),
        }
    }
}

/// What is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Sent {
    csrf: String,
    version: String,
    tab: String,
    /// `preview`, `save`, `remove`, or the other tab: `form`, `yaml`.
    act: String,
    yaml: String,
    /// The name under which it is there already; empty for a new one.
    existing: String,
    /// The digest of the mirror whose difference was shown.
    shown: String,
    name: String,
    reverse: String,
    references: String,
    sync_delete: String,
    reference_sha_old: String,
}

impl Sent {
    fn set(&self) -> Result<InputSetSpec, String> {
        if self.tab == "yaml" {
            return serde_saphyr::from_str(&self.yaml).map_err(|error| in_words(&error));
        }
        Ok(self.fields().set())
    }

    fn fields(&self) -> Fields {
        Fields {
            name: self.name.clone(),
            reverse: self.reverse == "true",
            references: self.references.replace('\r', ""),
            sync_delete: self.sync_delete.clone(),
            reference_sha_old: self.reference_sha_old.clone(),
        }
    }
}

/// Which set; none for a new one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    set: String,
    tab: String,
}

/// `GET /mirrors/{name}/inputs/edit`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let page = async {
        let (spec, page) = of_mirror(&app, &session, &name, &asked.set).await?;
        let set = spec.input_sets.iter().find(|set| set.name == asked.set);
        let set = set.cloned().unwrap_or_default();
        Ok(Page {
            as_yaml: asked.tab == "yaml",
            yaml: yaml_of(&set)?,
            form: Fields::of(&set),
            ..page
        })
    };
    answer(page.await)
}

/// The mirror as it was described, and an empty page for a set of it.
async fn of_mirror(
    app: &App,
    session: &Session,
    name: &str,
    set: &str,
) -> Result<(MirrorSpec, Page), Trouble> {
    session.caller.may(Role::Admin)?;
    let versioned = ops::mirrors::show(app, &session.caller, name).await?;
    let mirror = versioned.found.configured()?;
    let spec = versioned
        .spec()?
        .filter(|_| mirror.origin == "api")
        .ok_or_else(|| {
            OpError::ReadOnly(format!(
                "the mirror {name} is defined in {}: write its input sets there",
                mirror.origin
            ))
        })?;
    if !set.is_empty() && !spec.input_sets.iter().any(|own| own.name == set) {
        return Err(OpError::not_found(format!(
            "an input set of {name} that is called so and is not built in"
        ))
        .into());
    }
    let page = Page {
        frame: Frame::new(app, session, "/").await,
        mirror: name.to_owned(),
        href: mirror_href(name),
        title: match set {
            "" => "New input set".to_owned(),
            set => format!("Input set {}", cut(set)),
        },
        existing: (!set.is_empty()).then(|| set.to_owned()),
        two_way: mirror.direction == Direction::TwoWay,
        as_yaml: false,
        version: versioned
            .version()
            .map_or(String::new(), |version| version.to_string()),
        yaml: String::new(),
        form: Fields::default(),
        shown: String::new(),
        problems: Vec::new(),
        difference: None,
    };
    Ok((spec, page))
}

/// `POST /mirrors/{name}/inputs/edit`.
pub(in crate::web) async fn save(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(sent): Form<Sent>,
) -> Response {
    match change(&app, &session, &name, &sent).await {
        Ok(response) => response,
        Err(trouble) => trouble.into_response(),
    }
}

async fn change(app: &App, session: &Session, name: &str, sent: &Sent) -> Result<Response, Trouble> {
    session.check(&sent.csrf)?;
    let (before, mut page) = of_mirror(app, session, name, &sent.existing).await?;
    page.as_yaml = sent.tab == "yaml";
    page.yaml.clone_from(&sent.yaml);
    page.form = sent.fields();
    if !sent.version.is_empty() {
        page.version.clone_from(&sent.version);
    }
    let back = || Redirect::to(&format!("{}/inputs", mirror_href(name))).into_response();
    if sent.act == "remove" {
        let after = without(&before, &sent.existing);
        write(app, session, name, sent, &after).await?;
        return Ok(back());
    }
    let after = match sent.set().and_then(|set| with(&before, &sent.existing, set)) {
        Ok(after) => after,
        Err(problem) => {
            page.problems = vec![problem];
            return Ok(answer(Ok(page)));
        }
    };
    match act(app, session, &mut page, sent, &before, &after).await {
        Ok(true) => Ok(back()),
        Ok(false) => Ok(answer(Ok(page))),
        Err(error) => {
            page.problems = problems(error)?;
            Ok(answer(Ok(page)))
        }
    }
}

/// Does what was pressed; whether it was saved.
async fn act(
    app: &App,
    session: &Session,
    page: &mut Page,
    sent: &Sent,
    before: &MirrorSpec,
    after: &MirrorSpec,
) -> Result<bool, OpError> {
    match sent.act.as_str() {
        "form" | "yaml" => {
            let set = sent.set().unwrap_or_default();
            page.as_yaml = sent.act == "yaml";
            page.yaml = yaml_of(&set)?;
            page.form = Fields::of(&set);
            return Ok(false);
        }
        "save" if sent.shown == digest(after) => {
            write(app, session, &before.name, sent, after).await?;
            return Ok(true);
        }
        "save" => page.problems = vec![NOT_SHOWN.into()],
        _ => {}
    }
    ops::mirrors::fits(app, &session.caller, after)?;
    page.difference = Some(difference(&yaml_of(before)?, &yaml_of(after)?));
    page.shown = digest(after);
    Ok(false)
}

async fn write(
    app: &App,
    session: &Session,
    name: &str,
    sent: &Sent,
    spec: &MirrorSpec,
) -> Result<(), OpError> {
    let version = sent.version.parse().ok();
    ops::mirrors::change(app, &session.caller, name, version, spec)
        .await
        .map(drop)
}

/// The mirror with a set in the place of the one that was there under that name, or behind the others.
fn with(before: &MirrorSpec, existing: &str, set: InputSetSpec) -> Result<MirrorSpec, String> {
    if set.name.is_empty() {
        return Err("the input set needs a name".to_owned());
    }
    let mut after = before.clone();
    let others = before.input_sets.iter().filter(|own| own.name != existing);
    if others.clone().any(|own| own.name == set.name) {
        return Err(format!("there is an input set {} already", cut(&set.name)));
    }
    match after.input_sets.iter_mut().find(|own| own.name == existing) {
        Some(own) => *own = set,
        None => after.input_sets.push(set),
    }
    Ok(after)
}

fn without(before: &MirrorSpec, existing: &str) -> MirrorSpec {
    let mut after = before.clone();
    after.input_sets.retain(|own| own.name != existing);
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> InputSetSpec {
        InputSetSpec {
            name: name.into(),
            references: Some(vec!["refs/heads/release/*".into()]),
            sync_delete: Some(true),
            ..InputSetSpec::default()
        }
    }

    #[test]
    fn the_form_and_the_yaml_of_a_set_are_one_thing() {
        assert_eq!(Fields::of(&set("a")).set(), set("a"));
        let sent = Sent {
            tab: "yaml".into(),
            yaml: yaml_of(&set("a")).unwrap(),
            ..Sent::default()
        };
        assert_eq!(sent.set().unwrap(), set("a"));
    }

    #[test]
    fn a_set_takes_the_place_of_the_one_that_is_changed_and_no_other() {
        let before = MirrorSpec {
            input_sets: vec![set("a"), set("b")],
            ..MirrorSpec::default()
        };
        let names = |spec: &MirrorSpec| -> Vec<String> {
            spec.input_sets.iter().map(|set| set.name.clone()).collect()
        };
        assert_eq!(names(&with(&before, "a", set("c")).unwrap()), ["c", "b"]);
        assert_eq!(names(&with(&before, "", set("c")).unwrap()), ["a", "b", "c"]);
        assert!(with(&before, "a", set("b")).unwrap_err().contains("already"));
        assert!(with(&before, "", set("")).unwrap_err().contains("name"));
        assert_eq!(names(&without(&before, "a")), ["b"]);
    }
}
