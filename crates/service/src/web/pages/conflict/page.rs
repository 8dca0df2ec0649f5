//! One conflict: both sides beside each other, and the choices.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use gitwire::Oid;
use serde::Deserialize;
use store::Time;

use super::choice::{ChoiceOf, choices};
use crate::api::model::Side;
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::history::{self, History};
use crate::web::pages::filters;
use crate::web::pages::overview::host;
use crate::web::pages::reply::answer;
use crate::web::pages::rows::{conflict_href, cut, mirror_href};
use crate::web::plot::{self, Branch};
use crate::web::session::Session;
use crate::web::show::When;
use crate::web::trouble::Trouble;

/// Commits of each side on a page: with them it stays under 100 kB.
const COMMITS: usize = 50;

#[derive(Template)]
#[template(path = "conflict.html")]
struct Page {
    frame: Frame,
    mirror: String,
    mirror_href: String,
    reference: String,
    text: String,
    since: When,
    moved: Option<&'static str>,
    drawing: String,
    base: Option<String>,
    sides: Vec<SideOf>,
    /// The pages of the commits after these and before them.
    newer: Option<String>,
    older: Option<String>,
    choices: Vec<ChoiceOf>,
}

struct SideOf {
    word: Side,
    host: String,
    value: Option<String>,
    problem: Option<String>,
    commits: Vec<CommitRow>,
    empty: &'static str,
    more: bool,
}

struct CommitRow {
    id: String,
    subject: String,
    author: String,
    at: When,
}

/// Which conflict.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Asked {
    mirror: String,
    reference: String,
    /// The values that were confirmed are not there any more.
    #[serde(default)]
    moved: bool,
    /// How many of the newest commits of each side are left out.
    #[serde(default)]
    from: String,
}

/// `GET /conflicts/view`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    answer(show(&app, &session, &asked).await)
}

async fn show(app: &Arc<App>, session: &Session, asked: &Asked) -> Result<Page, Trouble> {
    let now = Time::now();
    let conflict = ops::conflicts::show(app, &session.caller, &asked.mirror, &asked.reference).await?;
    let found = session.caller.mirror(app, &asked.mirror).await?;
    let mirror = found.configured()?;
    let base = oid(conflict.base.as_deref());
    let read = |side: engine::side::Side, value: Option<&str>| {
        let value = oid(value);
        async move { history::read(app, mirror, side, value, base).await }
    };
    let (source, target) = tokio::join!(
        read(engine::side::Side::Source, conflict.source.as_deref()),
        read(engine::side::Side::Target, conflict.target.as_deref()),
    );
    let short = |value: &Option<String>| {
        value
            .as_deref()
            .map_or("absent".to_owned(), |id| id[..7].to_owned())
    };
    let (source_short, target_short) = (short(&conflict.source), short(&conflict.target));
    let base_short = conflict.base.as_deref().map(|id| &id[..7]);
    let url = |side| mirror.ends.of(side).url.to_string();
    let from: usize = asked.from.parse().unwrap_or(0);
    let longest = [&source, &target].map(|read| read.as_ref().map_or(0, |history| history.commits.len()));
    let page = |from: usize| {
        let href = conflict_href(&asked.mirror, &asked.reference);
        format!("{href}&from={from}")
    };
    let next = from.saturating_add(COMMITS);
    Ok(Page {
        frame: Frame::new(app, session, "/conflicts").await,
        mirror_href: mirror_href(&asked.mirror),
        drawing: plot::divergence(
            base_short,
            branch(&source_short, &source),
            branch(&target_short, &target),
        ),
        sides: vec![
            SideOf::new(
                Side::Source,
                &url(engine::side::Side::Source),
                conflict.source.clone(),
                source,
                from,
                now,
            ),
            SideOf::new(
                Side::Target,
                &url(engine::side::Side::Target),
                conflict.target.clone(),
                target,
                from,
                now,
            ),
        ],
        newer: (from > 0).then(|| page(from.saturating_sub(COMMITS))),
        older: longest.iter().any(|commits| *commits > next).then(|| page(next)),
        choices: choices(&conflict),
        base: conflict.base.clone(),
        text: cut(&conflict.text),
        since: When::of(conflict.since.0, now),
        moved: asked
            .moved
            .then_some("The values moved meanwhile: nothing was written. This is the new picture."),
        mirror: asked.mirror.clone(),
        reference: conflict.reference,
    })
}

fn oid(value: Option<&str>) -> Option<Oid> {
    gitwire::parse_oid(value?.as_bytes()).ok()
}

fn branch<'a>(value: &'a str, history: &Result<History, String>) -> Branch<'a> {
    match history {
        Ok(history) => Branch {
            value,
            commits: history.commits.len(),
            more: history.more,
            known: true,
        },
        Err(_) => Branch {
            value,
            commits: 0,
            more: false,
            known: false,
        },
    }
}

impl SideOf {
    fn new(
        word: Side,
        url: &str,
        value: Option<String>,
        history: Result<History, String>,
        from: usize,
        now: Time,
    ) -> Self {
        let empty = match (&value, from) {
            (None, _) => "The reference does not exist here.",
            (Some(_), 0) => "No commits since the base.",
            (Some(_), _) => "No older commits since the base.",
        };
        let (problem, history) = match history {
            Ok(history) => (None, history),
            Err(problem) => (Some(problem), History::default()),
        };
        let last = from.saturating_add(COMMITS) >= history.commits.len();
        Self {
            word,
            host: host(url),
            value,
            problem,
            commits: history
                .commits
                .into_iter()
                .skip(from)
                .take(COMMITS)
                .map(|commit| CommitRow {
                    id: commit.id.to_string(),
                    subject: cut(&visible(&commit.subject)),
                    author: cut(&visible(&commit.author)),
                    at: When::of(Time(commit.seconds.saturating_mul(1_000)), now),
                })
                .collect(),
            empty,
            more: last && history.more,
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::history::Commit;

    use super::*;

    #[test]
    fn many_commits_are_shown_in_parts_and_none_is_left_out() {
        let id = gitwire::parse_oid(&[b'a'; 40]).unwrap();
        let commits = (0..120).map(|number| Commit {
            id,
            subject: format!("commit {number}").into(),
            author: b"Ada".to_vec(),
            seconds: 0,
        });
        let history = History {
            commits: commits.collect(),
            more: true,
        };
        let part = |from| {
            let value = Some("a".repeat(40));
            SideOf::new(
                Side::Source,
                "https://git.example.org/a",
                value,
                Ok(history.clone()),
                from,
                Time(0),
            )
        };
        let subjects = [0, 50, 100].map(|from| part(from).commits);
        let shown: Vec<&str> = subjects
            .iter()
            .flatten()
            .map(|commit| commit.subject.as_str())
            .collect();
        assert_eq!(
            (shown.len(), shown[0], shown[119]),
            (120, "commit 0", "commit 119")
        );
        assert!(
            !part(50).more && part(100).more,
            "older ones follow the last part"
        );
    }
}
