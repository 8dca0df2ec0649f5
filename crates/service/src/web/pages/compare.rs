//! Both sides of a mirror, compared now.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::Time;

use super::filters;
use super::mirror::DIFFERING;
use super::reply::answer;
use super::rows::{ReferenceRow, mirror_href};
use crate::app::App;
use crate::ops;
use crate::web::frame::Frame;
use crate::web::session::Session;
use crate::web::show::{When, counted};

#[derive(Template)]
#[template(path = "compare.html")]
struct Page {
    frame: Frame,
    mirror: String,
    href: String,
    said: String,
    at: When,
    differing: Vec<ReferenceRow>,
    differing_more: usize,
}

/// `GET /mirrors/{name}/compare`: asks both hosts, writes nothing.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(name): Path<String>,
) -> Response {
    let page = async {
        let drift = ops::look::drift(&app, &session.caller, &name).await?;
        let now = Time::now();
        let total = drift.references.len();
        Ok(Page {
            frame: Frame::new(&app, &session, "/").await,
            href: mirror_href(&name),
            said: format!(
                "{} differ{}, {} agree",
                counted(total as u64, "reference"),
                if total == 1 { "s" } else { "" },
                drift.in_sync
            ),
            at: When::of(drift.at.0, now),
            differing: drift
                .references
                .iter()
                .take(DIFFERING)
                .map(|reference| ReferenceRow::new(&name, reference, true, now))
                .collect(),
            differing_more: total.saturating_sub(DIFFERING),
            mirror: name.clone(),
        })
    };
    answer(page.await)
}
