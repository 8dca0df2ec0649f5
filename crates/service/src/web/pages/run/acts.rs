//! What can be done with a run: cancel, run again, approve, undo.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use store::run::Run;

use super::{REFERENCES, references_of};
use crate::api::model::run::RunReference;
use crate::app::App;
use crate::ops::{self, OpError};
use crate::web::frame::Frame;
use crate::web::pages::confirm::{Confirm, Wish};
use crate::web::pages::reply::{Pressed, answer, press};
use crate::web::pages::rows::short_run;
use crate::web::session::Session;
use crate::web::show::counted;
use crate::web::trouble::Trouble;

/// Does what a button says, and leads to the run that it made or changed.
async fn to_run(
    session: &Session,
    pressed: &Pressed,
    act: impl Future<Output = Result<Run, OpError>>,
) -> Response {
    press(session, pressed, async {
        let run = act.await?;
        Ok(format!("/runs/{}", run.id))
    })
    .await
}

/// `POST /runs/{id}/cancel`.
pub(in crate::web) async fn cancel(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    to_run(&session, &pressed, ops::ask::cancel(&app, &session.caller, &id)).await
}

/// `POST /runs/{id}/rerun`.
pub(in crate::web) async fn rerun(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    to_run(&session, &pressed, ops::ask::rerun(&app, &session.caller, &id)).await
}

/// `POST /runs/{id}/carry-out`: in earnest what a dry run showed.
pub(in crate::web) async fn carry_out(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    to_run(
        &session,
        &pressed,
        ops::ask::in_earnest(&app, &session.caller, &id),
    )
    .await
}

/// `GET /runs/{id}/approve`: what approving releases.
pub(in crate::web) async fn approve_shown(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> Response {
    let page = async {
        let run = ops::ask::approvable(&app, &session.caller, &id).await?;
        let wishes = wishes(&app, &run, |reference| reference.outcome == "held", false).await?;
        Ok(Confirm {
            frame: Frame::new(&app, &session, "/runs").await,
            title: format!("Approve what run {} holds?", short_run(&run.id)),
            lead: format!(
                "{} would be deleted or rewritten.",
                counted(wishes.total(), "reference")
            ),
            more: wishes.said_more(),
            writes: wishes.shown,
            action: format!("/runs/{}/approve", run.id),
            back: format!("/runs/{}", run.id),
            word: "Approve and write",
            fields: Vec::new(),
        })
    };
    answer(page.await)
}

/// `POST /runs/{id}/approve`.
pub(in crate::web) async fn approve(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    to_run(&session, &pressed, ops::ask::approve(&app, &session.caller, &id)).await
}

/// `GET /runs/{id}/undo`: what undoing puts back.
pub(in crate::web) async fn undo_shown(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> Response {
    let page = async {
        let run = session.caller.run(&app, &id).await?;
        ops::ask::undoable(&app, &session.caller, &run).await?;
        let wishes = wishes(&app, &run, |reference| reference.replaced, true).await?;
        Ok(Confirm {
            frame: Frame::new(&app, &session, "/runs").await,
            title: format!("Undo run {}?", short_run(&run.id)),
            lead: format!(
                "{} would get back what the run replaced, as long as the server still has the objects.",
                counted(wishes.total(), "reference")
            ),
            more: wishes.said_more(),
            writes: wishes.shown,
            action: format!("/runs/{}/undo", run.id),
            back: format!("/runs/{}", run.id),
            word: "Put them back",
            fields: Vec::new(),
        })
    };
    answer(page.await)
}

/// `POST /runs/{id}/undo`.
pub(in crate::web) async fn undo(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    to_run(&session, &pressed, ops::ask::undo(&app, &session.caller, &id)).await
}

/// The writes that a person is asked about.
struct Wishes {
    /// As many as a page shows.
    shown: Vec<Wish>,
    /// How many more there are.
    more: u64,
}

impl Wishes {
    fn total(&self) -> u64 {
        self.shown.len() as u64 + self.more
    }

    fn said_more(&self) -> Option<String> {
        (self.more > 0).then(|| format!("And {} more, which the run's page of the API has.", self.more))
    }
}

/// The writes of a run that a person is asked about; with `back`, from what the run wrote to what was there.
async fn wishes(
    app: &App,
    run: &Run,
    which: impl Fn(&RunReference) -> bool,
    back: bool,
) -> Result<Wishes, Trouble> {
    let mut wishes = Wishes {
        shown: Vec::new(),
        more: 0,
    };
    let mut after = None;
    loop {
        let page = references_of(app, run, after, 500).await?;
        for reference in page.items.iter().filter(|reference| which(reference)) {
            if wishes.shown.len() == REFERENCES as usize {
                wishes.more += 1;
                continue;
            }
            let mut wish = Wish::new(reference);
            if back {
                std::mem::swap(&mut wish.old, &mut wish.new);
            }
            wishes.shown.push(wish);
        }
        after = page.next;
        if after.is_none() {
            return Ok(wishes);
        }
    }
}
