//! The routes and their description.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{delete_with, get_with, post_with, put_with};
use aide::openapi::{Info, OpenApi, SecurityScheme, Server};
use aide::transform::TransformOpenApi;
use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use http::header::CONTENT_TYPE;

use super::auth::{Door, enter};
use super::handlers::{
    audit, conflicts, deliveries, events, health, mirrors, overview, reload, runs, tokens,
};
use super::refusal::Refusal;
use super::stream::Streams;
use crate::app::App;

/// Where the API is.
const PREFIX: &str = "/api/v1";

/// What handlers are given.
#[derive(Debug, Clone)]
struct Given {
    app: Arc<App>,
    streams: Streams,
}

impl FromRef<Given> for Arc<App> {
    fn from_ref(given: &Given) -> Self {
        Self::clone(&given.app)
    }
}

impl FromRef<Given> for Streams {
    fn from_ref(given: &Given) -> Self {
        given.streams.clone()
    }
}

/// Its routes, with `/healthz`, `/readyz` and `/metrics`.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let given = Given {
        app: Arc::clone(app),
        streams: Streams::default(),
    };
    let mut document = document();
    let described = described().finish_api_with(&mut document, about);
    let json: Arc<str> = serde_json::to_string(&document).unwrap_or_default().into();
    let door = (Arc::clone(app), Arc::new(Door::default()));
    let api = described
        .with_state(given)
        .fallback(async || Refusal::no_such_path())
        .method_not_allowed_fallback(async || Refusal::no_such_method())
        .layer(from_fn_with_state(door, enter))
        .route(
            "/openapi.json",
            get(async move || ([(CONTENT_TYPE, "application/json")], json.to_string())),
        );
    Router::new()
        .nest(PREFIX, api)
        .route(&format!("{PREFIX}/"), any(async || Refusal::no_such_path()))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .with_state(Arc::clone(app))
}

/// What happens, for pages that stay up to date: `/events` and `/runs/{id}/events`. Whoever mounts it says who the caller is.
pub(crate) fn live(app: &Arc<App>) -> Router {
    Router::new()
        .route("/events", get(events::handle))
        .route("/runs/{id}/events", get(runs::events::handle))
        .with_state(Given {
            app: Arc::clone(app),
            streams: Streams::default(),
        })
}

/// The OpenAPI document, without a service.
#[cfg(test)]
pub(super) fn openapi() -> OpenApi {
    let mut document = document();
    let _: Router<Given> = described().finish_api_with(&mut document, about);
    document
}

fn document() -> OpenApi {
    OpenApi {
        info: Info {
            title: "refsync".to_owned(),
            version: "1".to_owned(),
            ..Info::default()
        },
        servers: vec![Server {
            url: PREFIX.to_owned(),
            ..Server::default()
        }],
        ..OpenApi::default()
    }
}

fn about(api: TransformOpenApi<'_>) -> TransformOpenApi<'_> {
    api.description(
        "Mirrors of Git repositories: looked at, run, and decided on. Every answer is JSON; errors are problems (RFC 9457), whose `type` stays the \
         same. Lists come in pages: give `next` as `after`.",
    )
    .security_scheme(
        "token",
        SecurityScheme::Http {
            scheme: "bearer".to_owned(),
            bearer_format: Some("refsync_…".to_owned()),
            description: Some("A token, as `refsync token create` makes it.".to_owned()),
            extensions: Default::default(),
        },
    )
    .security_requirement("token")
}

fn described() -> ApiRouter<Given> {
    ApiRouter::new()
        .route("/", get(overview::handle))
        .api_route("/overview", get_with(overview::handle, overview::describe))
        .api_route("/events", get_with(events::handle, events::describe))
        .api_route("/audit", get_with(audit::handle, audit::describe))
        .api_route("/config/reload", post_with(reload::handle, reload::describe))
        .merge(of_mirrors())
        .merge(of_runs())
        .api_route(
            "/conflicts",
            get_with(conflicts::list::handle, conflicts::list::describe),
        )
        .api_route(
            "/deliveries",
            get_with(deliveries::list::handle, deliveries::list::describe),
        )
        .api_route(
            "/deliveries/{id}",
            get_with(deliveries::show::handle, deliveries::show::describe),
        )
        .api_route(
            "/tokens",
            get_with(tokens::list::handle, tokens::list::describe)
                .post_with(tokens::create::handle, tokens::create::describe),
        )
        .api_route(
            "/deliveries/{id}/redeliver",
            post_with(deliveries::redeliver::handle, deliveries::redeliver::describe),
        )
        .api_route(
            "/tokens/{id}",
            delete_with(tokens::revoke::handle, tokens::revoke::describe),
        )
}

fn of_mirrors() -> ApiRouter<Given> {
    use mirrors::{
        change, check, conflict, create, diff, hooks, input_sets, list, pause, references, register, remove,
        resolve, resume, run, show,
    };
    ApiRouter::new()
        .api_route(
            "/mirrors",
            get_with(list::handle, list::describe).post_with(create::handle, create::describe),
        )
        .api_route(
            "/mirrors/{name}",
            get_with(show::handle, show::describe)
                .merge(put_with(change::handle, change::describe))
                .merge(delete_with(remove::handle, remove::describe)),
        )
        .api_route("/mirrors/{name}/diff", get_with(diff::handle, diff::describe))
        .api_route("/mirrors/{name}/check", post_with(check::handle, check::describe))
        .api_route(
            "/mirrors/{name}/hooks",
            get_with(hooks::handle, hooks::describe).post_with(register::handle, register::describe),
        )
        .api_route("/mirrors/{name}/pause", post_with(pause::handle, pause::describe))
        .api_route(
            "/mirrors/{name}/resume",
            post_with(resume::handle, resume::describe),
        )
        .api_route(
            "/mirrors/{name}/references",
            get_with(references::handle, references::describe),
        )
        .api_route(
            "/mirrors/{name}/input-sets",
            get_with(input_sets::handle, input_sets::describe),
        )
        .api_route("/mirrors/{name}/runs", post_with(run::handle, run::describe))
        .api_route(
            "/mirrors/{name}/conflict",
            get_with(conflict::handle, conflict::describe),
        )
        .api_route(
            "/mirrors/{name}/resolve",
            post_with(resolve::handle, resolve::describe),
        )
}

fn of_runs() -> ApiRouter<Given> {
    use runs::{approve, cancel, events, list, log, one_off, references, rerun, show, undo};
    ApiRouter::new()
        .api_route(
            "/runs",
            get_with(list::handle, list::describe).post_with(one_off::handle, one_off::describe),
        )
        .api_route("/runs/{id}", get_with(show::handle, show::describe))
        .api_route(
            "/runs/{id}/references",
            get_with(references::handle, references::describe),
        )
        .api_route("/runs/{id}/log", get_with(log::handle, log::describe))
        .api_route("/runs/{id}/events", get_with(events::handle, events::describe))
        .api_route("/runs/{id}/cancel", post_with(cancel::handle, cancel::describe))
        .api_route(
            "/runs/{id}/approve",
            post_with(approve::handle, approve::describe),
        )
        .api_route("/runs/{id}/undo", post_with(undo::handle, undo::describe))
        .api_route("/runs/{id}/rerun", post_with(rerun::handle, rerun::describe))
}
