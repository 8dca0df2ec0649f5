//! Webhooks: verified, read, written down, answered.
//!
//! | method and path | what it is |
//! |---|---|
//! | `POST /hooks/{mirror}/{source\|target}` | one repository's hook |
//! | `POST /hooks/host/{credential}` | the hook of an organisation, a group or a whole host: mirrors are found by the repository |
//!
//! An answer is a status that hosts understand: 202 and 200 when it is written down, 401 without a right signature, 400 for what cannot be
//! read, 403 for an endpoint without a secret, 404 for none, 413 and 415 for bodies that are not taken, 429 with `Retry-After` for an
//! address that sends too often, 503 with `Retry-After` when there is too much at once. Never 410, which makes some hosts give up for good, and never 500 for what came from outside.

mod answer;
mod blank;
mod body;
mod endpoint;
mod explain;
mod host;
mod index;
mod intake;
mod list;
mod mirror;
mod redeliver;
mod register;
mod route;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, post};

pub(crate) use explain::{Explanation, explain};
pub(crate) use list::endpoints;
pub(crate) use redeliver::{RedeliverError, redeliver};
pub(crate) use register::register;

use crate::api::rate::{Buckets, Client};
use crate::app::App;
use answer::Refusal;

/// What the handlers share.
#[derive(Debug, Clone)]
struct Hooks {
    app: Arc<App>,
    writer: writer::Writer,
    index: Arc<index::Index>,
    room: Arc<body::Room>,
    notes: Arc<intake::Notes>,
    rates: Arc<Buckets<Client>>,
}

/// `POST /hooks/{mirror}/{source|target}` and `POST /hooks/host/{credential}`. To be called inside a runtime: deliveries that come at
/// once are written by one task, which ends with the router.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let hooks = Hooks {
        app: Arc::clone(app),
        writer: writer::Writer::start(app.store.clone()),
        index: Arc::default(),
        room: Arc::default(),
        notes: Arc::default(),
        rates: Arc::default(),
    };
    Router::new()
        .route("/hooks/host/{credential}", post(host::deliver))
        .route("/hooks/{mirror}/{side}", post(mirror::deliver))
        .with_state(hooks)
        .merge(misspelt(&[
            "/hooks",
            "/hooks/",
            "/hooks/{mirror}",
            "/hooks/{mirror}/",
            "/hooks/{mirror}/{side}/",
            "/hooks/{mirror}/{side}/{*rest}",
        ]))
}

/// What answers where no hooks are taken: never a page, which a host could take for an endpoint.
pub(crate) fn no_endpoints() -> Router {
    misspelt(&["/hooks", "/hooks/", "/hooks/{*rest}"])
}

fn misspelt(paths: &[&str]) -> Router {
    let all = Router::new();
    paths.iter().fold(all, |all, path| all.route(path, any(nowhere)))
}

async fn nowhere() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "no webhook is taken at this address: the page of the mirror shows the right one; where `hooksListen` is set, hooks are taken there alone",
    )
}
