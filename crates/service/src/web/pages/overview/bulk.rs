//! The same for all mirrors that were ticked.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{Redirect, Response};

use crate::api::model::run::RunRequest;
use crate::app::App;
use crate::ops;
use crate::web::pages::reply::redirect;
use crate::web::session::Session;
use crate::web::trouble::Trouble;

/// `POST /mirrors/bulk`: the same for all that were ticked.
pub(in crate::web) async fn bulk(State(app): State<Arc<App>>, session: Session, body: Bytes) -> Response {
    redirect(&app, act_on_all(&app, &session, &body).await)
}

async fn act_on_all(app: &App, session: &Session, body: &Bytes) -> Result<Redirect, Trouble> {
    let fields: Vec<(String, String)> = crate::web::form::read(body)?;
    let value = |key: &str| {
        fields
            .iter()
            .find(|(name, _)| name == key)
            .map_or("", |(_, value)| value.as_str())
    };
    session.check(value("csrf"))?;
    let names = fields
        .iter()
        .filter(|(key, _)| key == "name")
        .map(|(_, name)| name);
    for name in names {
        match value("act") {
            "run" => drop(ops::ask::run(app, &session.caller, name, &RunRequest::default()).await?),
            "pause" => drop(ops::mirrors::set_paused(app, &session.caller, name, true).await?),
            "resume" => drop(ops::mirrors::set_paused(app, &session.caller, name, false).await?),
            _ => return Err(Trouble::bad("press one of the buttons below the list")),
        }
    }
    Ok(Redirect::to("/"))
}
