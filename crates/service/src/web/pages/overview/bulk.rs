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

/// `POST /causes/retry`: runs all mirrors that a cause keeps from running, but for those with a run that was asked for already: another
/// press takes the next ones.
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
        let asked = app.store.asked_mirrors().await?;
        let names = cause.notice.mirrors.iter().filter(|name| !asked.contains(*name));
        let names: Vec<&str> = names.map(String::as_str).collect();
        on_all(&app, &session, Act::Run, &names).await?;
        Ok(Redirect::to("/"))
    };
    redirect(done.await)
}

/// Those of a press of a button that were come to.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    /// Why it was not done to others.
    failed: Vec<String>,
}

impl Tally {
    /// What became of as many.
    fn said(&self, asked: usize) -> String {
        const TOLD: usize = 5;
        let mut said = format!(
            "It was done to {} of {}.",
            self.done,
            counted(asked as u64, "mirror")
        );
        if !self.failed.is_empty() {
            let told = self.failed[..self.failed.len().min(TOLD)].join("; ");
            let more = match self.failed.len().saturating_sub(TOLD) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            said.push_str(&format!(" Not done: {told}{more}."));
        }
        match asked - self.done - self.failed.len() {
            0 => {}
            left => said.push_str(&format!(" {left} are left.")),
        }
        said
    }
}

/// The first of them, as many as one press may. One that fails does not stop the others; what failed and how many are left is told in
/// the end.
async fn on_all(app: &App, session: &Session, act: Act, names: &[&str]) -> Result<(), Trouble> {
    let mut tally = Tally::default();
    for name in names.iter().take(MOST) {
        match act.on(app, session, name).await {
            Ok(()) => tally.done += 1,
            // Nothing will be done for the others.
            Err(error @ (OpError::Forbidden { .. } | OpError::Failed(_))) => {
                return Err(Trouble::from(error).with(&tally.said(names.len())));
            }
            Err(error) => tally.failed.push(error.to_string()),
        }
    }
    if tally.done == names.len() {
        return Ok(());
    }
    Err(Trouble::partly(tally.said(names.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_before_it_went_wrong_is_told() {
        let failed = |count: usize| vec!["it is parked".to_owned(); count];
        let said = |done, count| {
            Tally {
                done,
                failed: failed(count),
            }
            .said(10)
        };
        assert_eq!(said(3, 0), "It was done to 3 of 10 mirrors. 7 are left.");
        assert_eq!(
            said(9, 1),
            "It was done to 9 of 10 mirrors. Not done: it is parked."
        );
        let many = said(1, 7);
        assert!(many.ends_with("it is parked, and 2 more. 2 are left."), "{many}");
    }
}
