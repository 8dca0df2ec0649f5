//! Run now: the inputs of one run, shown dry before they are used in earnest.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::InputSet;
use serde::Deserialize;
use store::run::Run;
use store::token::Role;

use super::reply::answer;
use super::rows::{Choice, cut, mirror_href};
use crate::api::model::run::RunRequest;
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::form::{flag, lines};
use crate::web::frame::Frame;
use crate::web::session::Session;
use crate::web::trouble::Trouble;

#[derive(Template)]
#[template(path = "run_now.html")]
struct Page {
    frame: Frame,
    mirror: String,
    href: String,
    problem: Option<String>,
    sets: Vec<Choice>,
    set: String,
    two_way: bool,
    reverse: bool,
    references: String,
    reference_sha_old: String,
    sync_delete: String,
    deletes: &'static str,
}

/// The input set that says nothing of its own.
const FORWARD: &str = "forward";

/// The input set whose values fill the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    set: String,
}

/// `GET /mirrors/{name}/run`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    answer(empty(&app, &session, &name, &asked.set).await)
}

async fn empty(app: &App, session: &Session, name: &str, set: &str) -> Result<Page, Trouble> {
    session.caller.may(Role::Operate)?;
    let (sets, found) = ops::mirrors::input_sets(app, &session.caller, name).await?;
    let mirror = found.configured()?;
    let set = if set.is_empty() { FORWARD } else { set };
    let chosen = sets.iter().find(|one| one.name == set);
    let text = |value: Option<bool>| value.map_or(String::new(), |value| value.to_string());
    Ok(Page {
        frame: Frame::new(app, session, "/").await,
        mirror: name.to_owned(),
        href: mirror_href(name),
        problem: chosen.is_none().then(|| no_such_set(set)),
        two_way: mirror.direction == engine::decide::Direction::TwoWay,
        reverse: chosen.is_some_and(|set| set.reverse),
        references: chosen
            .and_then(|set| set.references.clone())
            .unwrap_or_default()
            .join("\n"),
        reference_sha_old: chosen
            .and_then(|set| set.reference_sha_old.clone())
            .unwrap_or_default(),
        sync_delete: text(chosen.and_then(|set| set.sync_delete)),
        deletes: if mirror.policy.sync_delete.target {
            "mirrored"
        } else {
            "not mirrored"
        },
        sets: sets
            .iter()
            .map(|one| Choice::new(one.name.clone(), one.name.clone(), set))
            .collect(),
        set: set.to_owned(),
    })
}

fn no_such_set(set: &str) -> String {
    let set = cut(&visible(set.as_bytes()));
    format!("the mirror has no input set `{set}`: the form has the mirror's own values")
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Sent {
    csrf: String,
    set: String,
    reverse: String,
    references: String,
    reference_sha_old: String,
    sync_delete: String,
    dry_run: String,
}

impl Sent {
    /// What the form shows, and nothing else. An input set fills in what a request leaves out, so that it is named only where the form
    /// shows all of its values.
    fn request(&self, sets: &[InputSet]) -> RunRequest {
        let references: Vec<String> = lines(&self.references).into_iter().map(str::to_owned).collect();
        let old = self.reference_sha_old.trim();
        let sync_delete = flag(&self.sync_delete);
        let reverse = self.reverse == "true";
        let is_shown = |set: &&InputSet| {
            set.name == self.set
                && set.reverse == reverse
                && set.references.clone().unwrap_or_default() == references
                && set.reference_sha_old.as_deref().unwrap_or_default() == old
                && set.sync_delete == sync_delete
        };
        RunRequest {
            input_set: sets.iter().find(is_shown).map(|set| set.name.clone()),
            reverse: Some(reverse),
            references: (!references.is_empty()).then_some(references),
            reference_sha_old: (!old.is_empty()).then(|| old.to_owned()),
            sync_delete,
            force: None,
            atomic: None,
            dry_run: Some(self.dry_run == "true"),
        }
    }
}

/// `POST /mirrors/{name}/run`: to the run's page, or back to the form with what is wrong.
pub(in crate::web) async fn start(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
    Form(sent): Form<Sent>,
) -> Response {
    if let Err(trouble) = session.check(&sent.csrf) {
        return trouble.into_response();
    }
    match ordered(&app, &session, &name, &sent).await {
        Ok(run) => Redirect::to(&format!("/runs/{}", run.id)).into_response(),
        Err(error @ ops::OpError::Invalid(_)) => {
            let page = empty(&app, &session, &name, &sent.set).await.map(|page| Page {
                problem: Some(error.to_string()),
                references: sent.references.clone(),
                reference_sha_old: sent.reference_sha_old.clone(),
                sync_delete: sent.sync_delete.clone(),
                reverse: sent.reverse == "true",
                ..page
            });
            answer(page)
        }
        Err(error) => Trouble::from(error).into_response(),
    }
}

async fn ordered(app: &App, session: &Session, name: &str, sent: &Sent) -> Result<Run, ops::OpError> {
    session.caller.may(Role::Operate)?;
    let (sets, _) = ops::mirrors::input_sets(app, &session.caller, name).await?;
    ops::ask::run(app, &session.caller, name, &sent.request(&sets)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a run takes that was asked for with this form.
    fn request(sent: &Sent) -> RunRequest {
        let forward = InputSet {
            name: FORWARD.into(),
            ..InputSet::default()
        };
        let releases = InputSet {
            name: "releases".into(),
            reverse: true,
            references: Some(vec!["refs/tags/*".into()]),
            sync_delete: Some(true),
            ..InputSet::default()
        };
        sent.request(&[forward, releases])
    }

    #[test]
    fn what_is_left_empty_is_left_to_the_mirror() {
        let asked = request(&Sent {
            references: "\n refs/heads/main \n\nrefs/tags/*\n".into(),
            dry_run: "true".into(),
            ..Sent::default()
        });
        assert_eq!(
            asked,
            RunRequest {
                reverse: Some(false),
                references: Some(vec!["refs/heads/main".into(), "refs/tags/*".into()]),
                dry_run: Some(true),
                ..RunRequest::default()
            }
        );
    }

    #[test]
    fn an_input_set_is_named_only_where_the_form_shows_all_of_its_values() {
        let shown = || Sent {
            set: "releases".into(),
            reverse: "true".into(),
            references: "refs/tags/*\r\n".into(),
            sync_delete: "true".into(),
            ..Sent::default()
        };
        assert_eq!(request(&shown()).input_set.as_deref(), Some("releases"));
        let changed = [
            Sent {
                reverse: "false".into(),
                ..shown()
            },
            Sent {
                references: String::new(),
                ..shown()
            },
            Sent {
                sync_delete: String::new(),
                ..shown()
            },
            Sent {
                reference_sha_old: "a".repeat(40),
                ..shown()
            },
        ];
        for sent in changed {
            assert_eq!(request(&sent).input_set, None);
        }
    }
}
