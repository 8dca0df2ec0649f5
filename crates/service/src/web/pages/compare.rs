//! Both sides of a mirror, compared now.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use store::Time;

use super::filters;
use super::mirror::{DIFFERING, diff_has};
use super::reply::answer;
use super::rows::{ReferenceRow, mirror_href};
use crate::api::model::reference::Drift;
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
    /// There are more than that.
    cut: bool,
    /// How many of them the command line has.
    diff_has: String,
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
            said: said(&drift),
            at: When::of(drift.at.0, now),
            differing: drift
                .references
                .iter()
                .take(DIFFERING as usize)
                .map(|reference| ReferenceRow::new(&name, reference, true, now))
                .collect(),
            differing_more: total.saturating_sub(DIFFERING as usize),
            cut: drift.cut,
            diff_has: diff_has(drift.cut),
            mirror: name.clone(),
        })
    };
    answer(page.await)
}

fn said(drift: &Drift) -> String {
    let total = drift.references.len();
    format!(
        "{}{} differ{}, {} agree",
        if drift.cut { "more than " } else { "" },
        counted(total as u64, "reference"),
        if total == 1 { "s" } else { "" },
        drift.in_sync
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::model::reference::{Reference, ReferenceState};

    #[test]
    fn a_report_that_is_cut_does_not_count_all() {
        let one = Reference {
            name: "refs/heads/main".into(),
            source: None,
            target: None,
            base: None,
            state: ReferenceState::Behind,
            text: None,
            since: None,
            run: None,
        };
        let drift = |count: usize, cut: bool| Drift {
            mirror: "app".into(),
            live: true,
            at: Time(0).into(),
            in_sync: 3,
            references: vec![one.clone(); count],
            cut,
            unsure: None,
        };
        assert_eq!(said(&drift(1, false)), "1 reference differs, 3 agree");
        assert_eq!(said(&drift(20, true)), "more than 20 references differ, 3 agree");
    }
}
