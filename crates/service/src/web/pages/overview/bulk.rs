//! The same for several mirrors: those that were ticked, or those of a cause.

use std::sync::Arc;

use axum::Form;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{Redirect, Response};
use serde::Deserialize;
use store::token::Role;

use crate::api::model::run::RunRequest;
use crate::app::App;
use crate::ops::{self, OpError};
use crate::web::pages::reply::redirect;
use crate::web::pages::sign_in::here;
use crate::web::session::Session;
use crate::web::show::counted;
use crate::web::trouble::Trouble;

/// The most mirrors of one press of a button.
const MOST: usize = 1_000;

/// What is done to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Run,
    Pause,
    Resume,
}

impl Act {
    fn of_word(word: &str) -> Result<Self, Trouble> {
        match word {
            "run" => Ok(Self::Run),
            "pause" => Ok(Self::Pause),
            "resume" => Ok(Self::Resume),
            _ => Err(Trouble::bad("press one of the buttons below the list")),
        }
    }

    async fn on(self, app: &App, session: &Session, name: &str) -> Result<(), OpError> {
        let caller = &session.caller;
        match self {
            Self::Run => ops::ask::run(app, caller, name, &RunRequest::default())
                .await
                .map(drop),
            Self::Pause => ops::mirrors::set_paused(app, caller, name, true).await.map(drop),
            Self::Resume => ops::mirrors::set_paused(app, caller, name, false).await.map(drop),
        }
    }
}

/// `POST /mirrors/bulk`: the same for all that were ticked.
pub(in crate::web) async fn bulk(State(app): State<Arc<App>>, session: Session, body: Bytes) -> Response {
    redirect(act_on_ticked(&app, &session, &body).await)
}

async fn act_on_ticked(app: &App, session: &Session, body: &Bytes) -> Result<Redirect, Trouble> {
    let fields: Vec<(String, String)> = crate::web::form::read(body)?;
    let value = |key: &str| {
        fields
            .iter()
            .find(|(name, _)| name == key)
            .map_or("", |(_, value)| value.as_str())
    };
    session.check(value("csrf"))?;
    session.caller.may(Role::Operate)?;
    let act = Act::of_word(value("act"))?;
    let names: Vec<&str> = fields
        .iter()
        .filter(|(key, _)| key == "name")
        .map(|(_, name)| name.as_str())
        .collect();
    if names.is_empty() {
        return Err(Trouble::bad(
            "no mirror is ticked: go back and tick those that are meant",
        ));
    }
    on_all(app, session, act, &names).await?;
    Ok(Redirect::to(here(value("back"))))
}

/// Which cause.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Caused {
    csrf: String,
    /// Its id: several causes may have one name for those who see a part of their mirrors.
    cause: String,
}

/// `POST /causes/retry`: runs all mirrors that a cause keeps from running.
pub(in crate::web) async fn retry(
    State(app): State<Arc<App>>,
    session: Session,
    Form(caused): Form<Caused>,
) -> Response {
    let done = async {
        session.check(&caused.csrf)?;
        session.caller.may(Role::Operate)?;
        let causes = ops::service::causes(&app, &session.caller).await?;
        let cause = causes
            .into_iter()
            .find(|cause| cause.id == caused.cause)
            .ok_or_else(|| Trouble::bad("this cause is over: nothing was tried again"))?;
        let names: Vec<&str> = cause.notice.mirrors.iter().map(String::as_str).collect();
        on_all(&app, &session, Act::Run, &names).await?;
        Ok(Redirect::to("/"))
    };
    redirect(done.await)
}

/// One that fails does not stop the others; what failed is told in the end.
async fn on_all(app: &App, session: &Session, act: Act, names: &[&str]) -> Result<(), Trouble> {
    const TOLD: usize = 5;
    if names.len() > MOST {
        return Err(Trouble::bad(format!(
            "{} at once are too many: nothing was done. Narrow the list to {MOST}",
            counted(names.len() as u64, "mirror")
        )));
    }
    let mut failed = Vec::new();
    for name in names {
        match act.on(app, session, name).await {
            Ok(()) => {}
            // Nothing of it was done, and nothing will be for the others.
            Err(error @ (OpError::Forbidden { .. } | OpError::Failed(_))) => return Err(error.into()),
            Err(error) => failed.push(error.to_string()),
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let more = match failed.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Err(Trouble::bad(format!(
        "It was done to {} of {}. Not done: {}{more}.",
        names.len() - failed.len(),
        counted(names.len() as u64, "mirror"),
        failed[..failed.len().min(TOLD)].join("; ")
    )))
}
