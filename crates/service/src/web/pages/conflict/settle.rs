//! Settling a conflict, after a confirmation that shows the values.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{Redirect, Response};
use serde::Deserialize;
use store::token::Role;

use super::choice::{chosen, wishes};
use crate::api::model::conflict::{ResolveRequest, Shown};
use crate::app::App;
use crate::ops;
use crate::web::frame::Frame;
use crate::web::pages::confirm::Confirm;
use crate::web::pages::reply::{answer, redirect};
use crate::web::pages::rows::{conflict_href, cut};
use crate::web::session::Session;
use crate::web::show::counted;
use crate::web::trouble::Trouble;

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
        session.caller.may(Role::Operate)?;
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
    answer(page.await)
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
    redirect(order(&app, &session, &settled).await)
}

async fn order(app: &App, session: &Session, settled: &Settled) -> Result<Redirect, Trouble> {
    session.check(&settled.csrf)?;
    session.caller.may(Role::Operate)?;
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
