//! Open conflicts.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use store::Time;
use store::token::Role;

use crate::api::model::conflict::Conflict;
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::pages::filters;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{conflict_href, cut, mirror_href, segment, settle_word};
use crate::web::pages::typed;
use crate::web::session::Session;
use crate::web::show::When;

#[derive(Template)]
#[template(path = "conflicts.html")]
struct List {
    frame: Frame,
    /// Of this mirror alone.
    of: Option<String>,
    conflicts: Vec<Row>,
    next: Option<String>,
}

struct Row {
    name: String,
    text: String,
    mirror: String,
    mirror_href: String,
    source: Option<String>,
    target: Option<String>,
    base: Option<String>,
    since: When,
    href: String,
    /// The word of the link.
    word: &'static str,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Part {
    /// Of one mirror; of all if empty.
    mirror: String,
    after: Option<String>,
}

/// `GET /conflicts`.
pub(in crate::web) async fn list(
    State(app): State<Arc<App>>,
    session: Session,
    Query(part): Query<Part>,
) -> Response {
    let page = async {
        let ask = ops::pages::ask(part.after.clone(), None)?;
        let of = (!part.mirror.is_empty()).then_some(part.mirror.as_str());
        let listed = ops::conflicts::list(&app, &session.caller, of, &BTreeMap::new(), ask).await;
        let page = typed::of_mirror(&part.mirror, listed)?;
        let now = Time::now();
        let may_operate = session.caller.may(Role::Operate).is_ok();
        Ok(List {
            frame: Frame::new(&app, &session, "/conflicts")
                .await
                .live("/live/events"),
            conflicts: page
                .items
                .iter()
                .map(|conflict| Row::new(conflict, may_operate, now))
                .collect(),
            next: page.next.map(|after| match of {
                Some(of) => format!("/conflicts?mirror={}&after={}", segment(of), segment(&after)),
                None => format!("/conflicts?after={}", segment(&after)),
            }),
            of: of.map(|of| visible(of.as_bytes())),
        })
    };
    answer(page.await)
}

impl Row {
    fn new(conflict: &Conflict, may_operate: bool, now: Time) -> Self {
        Self {
            name: cut(&conflict.reference),
            text: cut(&conflict.text),
            mirror_href: mirror_href(&conflict.mirror),
            href: conflict_href(&conflict.mirror, &conflict.reference),
            word: settle_word(may_operate),
            mirror: conflict.mirror.clone(),
            source: conflict.source.clone(),
            target: conflict.target.clone(),
            base: conflict.base.clone(),
            since: When::of(conflict.since.0, now),
        }
    }
}
