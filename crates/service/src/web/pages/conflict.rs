//! Conflicts: the list, one with both sides beside each other, and settling it after a confirmation that shows the values.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use gitwire::Oid;
use serde::Deserialize;
use store::Time;

use super::filters;
use super::overview::host;
use super::rows::{conflict_href, cut, mirror_href, segment};
use super::run::{Confirm, Wish, answer};
use crate::api::model::conflict::{Conflict, ResolveRequest, Shown};
use crate::api::model::{self, Side};
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::web::frame::Frame;
use crate::web::history::{self, History};
use crate::web::plot::{self, Branch};
use crate::web::session::Session;
use crate::web::show::{When, counted};
use crate::web::trouble::Trouble;

#[derive(Template)]
#[template(path = "conflicts.html")]
struct List {
    frame: Frame,
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
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Part {
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
        let page = ops::conflicts::list(&app, &session.caller, None, ask).await?;
        let now = Time::now();
        Ok(List {
            frame: Frame::new(&app, &session, "/conflicts")
                .await
                .live("/live/events"),
            conflicts: page
                .items
                .iter()
                .map(|conflict| Row::new(conflict, now))
                .collect(),
            next: page
                .next
                .map(|after| format!("/conflicts?after={}", segment(&after))),
        })
    };
    answer(&app, page.await)
}

impl Row {
    fn new(conflict: &Conflict, now: Time) -> Self {
        Self {
            name: cut(&conflict.reference),
            text: cut(&conflict.text),
            mirror_href: mirror_href(&conflict.mirror),
            href: conflict_href(&conflict.mirror, &conflict.reference),
            mirror: conflict.mirror.clone(),
            source: conflict.source.clone(),
            target: conflict.target.clone(),
            base: conflict.base.clone(),
            since: When::of(conflict.since.0, now),
        }
    }
}

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
    sides: Vec<SideOf>,
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

struct ChoiceOf {
    key: &'static str,
    word: String,
    writes: Vec<String>,
}

/// Which conflict.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Asked {
    mirror: String,
    reference: String,
    /// The values that were confirmed are not there any more.
    #[serde(default)]
    moved: bool,
}

/// `GET /conflicts/view`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    answer(&app, show(&app, &session, &asked).await)
}

async fn show(app: &App, session: &Session, asked: &Asked) -> Result<Page, Trouble> {
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
                now,
            ),
            SideOf::new(
                Side::Target,
                &url(engine::side::Side::Target),
                conflict.target.clone(),
                target,
                now,
            ),
        ],
        choices: choices(&conflict),
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
        now: Time,
    ) -> Self {
        let empty = if value.is_some() {
            "No commits since the base."
        } else {
            "The reference does not exist here."
        };
        let (problem, history) = match history {
            Ok(history) => (None, history),
            Err(problem) => (Some(problem), History::default()),
        };
        Self {
            word,
            host: host(url),
            value,
            problem,
            commits: history
                .commits
                .into_iter()
                .map(|commit| CommitRow {
                    id: commit.id.to_string(),
                    subject: cut(&visible(&commit.subject)),
                    author: cut(&visible(&commit.author)),
                    at: When::of(Time(commit.seconds.saturating_mul(1_000)), now),
                })
                .collect(),
            empty,
            more: history.more,
        }
    }
}

/// What can be done, and what each writes where on which lease.
fn choices(conflict: &Conflict) -> Vec<ChoiceOf> {
    let two_way = conflict.choices.contains(&Side::Target);
    let mut all = vec![ChoiceOf {
        key: "source",
        word: "Take the source's".into(),
        writes: wishes(conflict, Side::Source, false).iter().map(said).collect(),
    }];
    if !two_way {
        return all;
    }
    all.push(ChoiceOf {
        key: "target",
        word: "Take the target's".into(),
        writes: wishes(conflict, Side::Target, false).iter().map(said).collect(),
    });
    if conflict.source.is_some() && conflict.target.is_some() {
        for (key, side) in [("both-source", Side::Source), ("both-target", Side::Target)] {
            all.push(ChoiceOf {
                key,
                word: format!("Keep both, prefer the {side}'s"),
                writes: wishes(conflict, side, true).iter().map(said).collect(),
            });
        }
    }
    all
}

fn said(wish: &Wish) -> String {
    let short = |id: &Option<String>| {
        id.as_deref()
            .map_or("absent", |id| &id[..id.len().min(7)])
            .to_owned()
    };
    match (&wish.old, &wish.new) {
        (None, Some(_)) => format!(
            "{} is created on the {} as {}",
            wish.name,
            wish.to,
            short(&wish.new)
        ),
        (_, None) => format!(
            "{} is deleted on the {}, leased on {}",
            wish.name,
            wish.to,
            short(&wish.old)
        ),
        _ => format!(
            "{} on the {} becomes {}, leased on {}",
            wish.name,
            wish.to,
            short(&wish.new),
            short(&wish.old)
        ),
    }
}

/// The writes of a choice, in their order.
fn wishes(conflict: &Conflict, take: Side, keep_both: bool) -> Vec<Wish> {
    let (taken, lost, to) = match take {
        Side::Source => (&conflict.source, &conflict.target, Side::Target),
        Side::Target => (&conflict.target, &conflict.source, Side::Source),
    };
    let mut all = Vec::new();
    if keep_both && let Some(lost) = lost {
        let name = parked_name(&conflict.reference, lost);
        for side in [to, take] {
            all.push(Wish {
                name: name.clone(),
                to: side,
                old: None,
                new: Some(lost.clone()),
            });
        }
    }
    all.push(Wish {
        name: cut(&conflict.reference),
        to,
        old: lost.clone(),
        new: taken.clone(),
    });
    all
}

/// Where the value that is not taken is kept.
fn parked_name(reference: &str, value: &str) -> String {
    let parked = model::name_of_text(reference)
        .zip(gitwire::parse_oid(value.as_bytes()).ok())
        .and_then(|(name, value)| crate::work::parked(&name, value).ok());
    parked.map_or_else(
        || "refs/heads/refsync/parked/…".to_owned(),
        |name| cut(&model::name_text(&name)),
    )
}

/// A choice, by the word of its button.
fn chosen(word: &str) -> Result<(Side, bool), Trouble> {
    match word {
        "source" => Ok((Side::Source, false)),
        "target" => Ok((Side::Target, false)),
        "both-source" => Ok((Side::Source, true)),
        "both-target" => Ok((Side::Target, true)),
        _ => Err(Trouble::bad(
            "choose one of the ways that the conflict's page shows",
        )),
    }
}

/// What is to be settled, and how.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Settling {
    mirror: String,
    reference: String,
    choice: String,
}

/// `GET /conflicts/settle`: the values, before anything is written.
pub(in crate::web) async fn settle_shown(
    State(app): State<Arc<App>>,
    session: Session,
    Query(settling): Query<Settling>,
) -> Response {
    let page = async {
        let (take, keep_both) = chosen(&settling.choice)?;
        let conflict =
            ops::conflicts::show(&app, &session.caller, &settling.mirror, &settling.reference).await?;
        let writes = wishes(&conflict, take, keep_both);
        Ok(Confirm {
            frame: Frame::new(&app, &session, "/conflicts").await,
            title: format!("Settle {}?", cut(&conflict.reference)),
            lead: format!(
                "{} would be written, so that both sides have the {take}'s value{}.",
                counted(writes.len() as u64, "reference"),
                if keep_both {
                    " and the other stays under a name of its own"
                } else {
                    ""
                }
            ),
            writes,
            more: None,
            action: "/conflicts/settle".into(),
            back: conflict_href(&settling.mirror, &settling.reference),
            word: "Write it",
            fields: vec![
                ("mirror", settling.mirror.clone()),
                ("reference", settling.reference.clone()),
                ("choice", settling.choice.clone()),
                ("source", conflict.source.clone().unwrap_or_default()),
                ("target", conflict.target.clone().unwrap_or_default()),
            ],
        })
    };
    answer(&app, page.await)
}

/// What the confirmation sends: the values as they were shown; empty for absent.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Settled {
    csrf: String,
    mirror: String,
    reference: String,
    choice: String,
    source: String,
    target: String,
}

/// `POST /conflicts/settle`: leased on the values that were shown; back to the conflict if they moved.
pub(in crate::web) async fn settle(
    State(app): State<Arc<App>>,
    session: Session,
    Form(settled): Form<Settled>,
) -> Response {
    match order(&app, &session, &settled).await {
        Ok(redirect) => redirect.into_response(),
        Err(trouble) => trouble.answer(&app),
    }
}

async fn order(app: &App, session: &Session, settled: &Settled) -> Result<Redirect, Trouble> {
    session.check(&settled.csrf)?;
    let (take, keep_both) = chosen(&settled.choice)?;
    let shown = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    let request = ResolveRequest {
        reference: settled.reference.clone(),
        take,
        keep_both,
        shown: Some(Shown {
            source: shown(&settled.source),
            target: shown(&settled.target),
        }),
    };
    match ops::ask::resolve(app, &session.caller, &settled.mirror, &request).await {
        Ok(run) => Ok(Redirect::to(&format!("/runs/{}", run.id))),
        Err(ops::OpError::Conflict(_) | ops::OpError::Stale(_)) => Ok(Redirect::to(&format!(
            "{}&moved=true",
            conflict_href(&settled.mirror, &settled.reference)
        ))),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict() -> Conflict {
        Conflict {
            mirror: "app".into(),
            reference: "refs/heads/main".into(),
            source: Some("1".repeat(40)),
            target: Some("2".repeat(40)),
            base: Some("3".repeat(40)),
            text: "both sides changed".into(),
            since: Time(0).into(),
            run: "r".into(),
            choices: vec![Side::Source, Side::Target],
        }
    }

    #[test]
    fn each_choice_says_what_is_written_where_on_which_lease() {
        let said: Vec<String> = choices(&conflict())
            .into_iter()
            .flat_map(|choice| choice.writes)
            .collect();
        assert_eq!(
            said[0],
            "refs/heads/main on the target becomes 1111111, leased on 2222222"
        );
        assert_eq!(
            said[1],
            "refs/heads/main on the source becomes 2222222, leased on 1111111"
        );
        assert!(
            said[2].starts_with("refs/heads/refsync/parked/main"),
            "{}",
            said[2]
        );
        assert!(
            said[2].ends_with("is created on the target as 2222222"),
            "{}",
            said[2]
        );
    }

    #[test]
    fn a_one_way_mirror_has_one_choice() {
        let mut conflict = conflict();
        conflict.choices = vec![Side::Source];
        assert_eq!(choices(&conflict).len(), 1);
    }

    #[test]
    fn taking_the_side_that_deleted_deletes() {
        let mut conflict = conflict();
        conflict.source = None;
        let writes = wishes(&conflict, Side::Source, false);
        assert_eq!(
            said(&writes[0]),
            "refs/heads/main is deleted on the target, leased on 2222222"
        );
    }
}
