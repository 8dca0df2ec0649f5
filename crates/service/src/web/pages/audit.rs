//! Who changed what.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use store::Time;
use store::audit::Entry;

use super::reply::answer;
use super::rows::{cut, segment};
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::session::Session;
use crate::web::show::{When, beginning, visible_lines};

/// Entries of a page, and how many bytes of what was before and after each shows: with them it stays under 100 kB.
const ENTRIES: u32 = 25;
const SHOWN: usize = 1_000;

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    frame: Frame,
    entries: Vec<Row>,
    next: Option<String>,
}

struct Row {
    at: When,
    actor: String,
    from: String,
    action: String,
    subject: String,
    change: Option<String>,
}

impl Row {
    fn new(entry: &Entry, now: Time) -> Self {
        let pretty = |text: &Option<String>| {
            let text = text.as_deref()?;
            let value: serde_json::Value = serde_json::from_str(text).ok()?;
            serde_json::to_string_pretty(&value)
                .ok()
                .map(|text| beginning(&visible_lines(&text), SHOWN))
        };
        let change = match (pretty(&entry.before), pretty(&entry.after)) {
            (None, None) => None,
            (None, Some(after)) => Some(after),
            (Some(before), None) => Some(format!("before\n{before}")),
            (Some(before), Some(after)) => Some(format!("before\n{before}\n\nafter\n{after}")),
        };
        Self {
            at: When::of(entry.at, now),
            actor: cut(&visible(entry.actor.as_bytes())),
            from: entry.from.clone(),
            action: entry.action.clone(),
            subject: cut(&visible(entry.subject.as_bytes())),
            change,
        }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    after: Option<String>,
}

/// `GET /audit`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    let page = async {
        let ask = ops::pages::ask(asked.after.clone(), Some(ENTRIES))?;
        let page = ops::audit::list(&app, &session.caller, None, ask).await?;
        let now = Time::now();
        Ok(Page {
            frame: Frame::new(&app, &session, "/audit").await,
            entries: page.items.iter().map(|entry| Row::new(entry, now)).collect(),
            next: page.next.map(|after| format!("/audit?after={}", segment(&after))),
        })
    };
    answer(page.await)
}
