//! The input sets of a mirror.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use config::InputSet;

use crate::app::App;
use crate::ops;
use crate::web::frame::Frame;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{cut, mirror_href, segment};
use crate::web::session::Session;

#[derive(Template)]
#[template(path = "input_sets.html")]
struct List {
    frame: Frame,
    mirror: String,
    href: String,
    sets: Vec<Row>,
    /// Where the mirror is defined, if not here.
    read_only: Option<String>,
    /// What to write there.
    yaml: String,
}

struct Row {
    name: String,
    built_in: bool,
    said: Vec<String>,
    run: String,
    edit: String,
}

impl Row {
    fn new(set: &InputSet, built_in: bool, href: &str) -> Self {
        let mut said = Vec::new();
        if set.reverse {
            said.push("target to source".to_owned());
        }
        said.push(match &set.references {
            Some(references) => cut(&references.join(" ")),
            None => "the mirror's scope".to_owned(),
        });
        said.extend(set.sync_delete.map(|sync| match sync {
            true => "deletions are mirrored".to_owned(),
            false => "deletions are not mirrored".to_owned(),
        }));
        said.extend(set.reference_sha_old.iter().map(|old| format!("old SHA {old}")));
        Self {
            run: format!("{href}/run?set={}", segment(&set.name)),
            edit: format!("{href}/inputs/edit?set={}", segment(&set.name)),
            name: set.name.clone(),
            built_in,
            said,
        }
    }
}

/// `GET /mirrors/{name}/inputs`.
pub(in crate::web) async fn list(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
) -> Response {
    let page = async {
        let (sets, found) = ops::mirrors::input_sets(&app, &session.caller, &name).await?;
        let mirror = found.configured()?;
        let built_in = |set: &InputSet| !mirror.input_sets.iter().any(|own| own.name == set.name);
        let href = mirror_href(&name);
        Ok(List {
            frame: Frame::new(&app, &session, "/").await,
            sets: sets
                .iter()
                .map(|set| Row::new(set, built_in(set), &href))
                .collect(),
            read_only: (mirror.origin != "api").then(|| mirror.origin.clone()),
            yaml: EXAMPLE.to_owned(),
            mirror: name.clone(),
            href,
        })
    };
    answer(page.await)
}

/// What to write for a mirror of the file.
const EXAMPLE: &str = "inputSets:\n  - name: releases\n    references: ['refs/heads/release/*', 'refs/tags/v*']\n    syncDelete: false\n";
