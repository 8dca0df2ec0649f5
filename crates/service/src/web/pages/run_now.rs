//! Run now: the inputs of one run, shown dry before they are used in earnest.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::reply::answer;
use super::rows::{Choice, mirror_href};
use crate::api::model::run::RunRequest;
use crate::app::App;
use crate::ops;
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
    answer(&app, empty(&app, &session, &name, &asked.set).await)
}

async fn empty(app: &App, session: &Session, name: &str, set: &str) -> Result<Page, Trouble> {
    let (sets, found) = ops::mirrors::input_sets(app, &session.caller, name).await?;
    let mirror = found.configured()?;
    let set = if set.is_empty() { "forward" } else { set };
    let chosen = sets.iter().find(|one| one.name == set);
    let text = |value: Option<bool>| value.map_or(String::new(), |value| value.to_string());
    Ok(Page {
        frame: Frame::new(app, session, "/").await,
        mirror: name.to_owned(),
        href: mirror_href(name),
        problem: None,
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
    fn request(&self) -> RunRequest {
        let references: Vec<String> = self
            .references
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        RunRequest {
            input_set: (!self.set.is_empty()).then(|| self.set.clone()),
            reverse: match self.reverse.as_str() {
                "true" => Some(true),
                _ => None,
            },
            references: (!references.is_empty()).then_some(references),
            reference_sha_old: Some(self.reference_sha_old.trim().to_owned()).filter(|old| !old.is_empty()),
            sync_delete: match self.sync_delete.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
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
        return trouble.answer(&app);
    }
    match ops::ask::run(&app, &session.caller, &name, &sent.request()).await {
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
            answer(&app, page)
        }
        Err(error) => Trouble::from(error).answer(&app),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_empty_is_left_to_the_mirror() {
        let request = Sent {
            references: "\n refs/heads/main \n\nrefs/tags/*\n".into(),
            dry_run: "true".into(),
            ..Sent::default()
        }
        .request();
        assert_eq!(
            request,
            RunRequest {
                references: Some(vec!["refs/heads/main".into(), "refs/tags/*".into()]),
                dry_run: Some(true),
                ..RunRequest::default()
            }
        );
    }
}
