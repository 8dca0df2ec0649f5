//! The dashboard: pages made on the server, complete without scripts. It asks the same operations as the API, as the token that signed
//! in, and nothing else.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;

mod assets;
mod form;
mod frame;
mod history;
mod pages;
mod plot;
mod session;
mod show;
mod trouble;

use crate::app::App;

/// The largest form: a mirror in YAML.
const MAX_FORM: usize = 256 << 10;

/// What a browser may do with a page: nothing but what comes from here, no inline script, no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Its routes.
pub(crate) fn router(app: &Arc<App>) -> Router {
    use pages::{audit, compare, conflict, deliveries, edit, mirror, overview, run, run_now, sign_in};
    let pages = Router::new()
        .route("/", get(overview::page))
        .route("/mirrors/bulk", post(overview::bulk))
        .route("/causes/retry", post(overview::retry))
        .route("/mirrors/{name}", get(mirror::page))
        .route("/mirrors/{name}/references", get(mirror::references))
        .route("/mirrors/{name}/compare", get(compare::page))
        .route("/mirrors/{name}/pause", post(mirror::pause))
        .route("/mirrors/{name}/resume", post(mirror::resume))
        .route("/mirrors/{name}/hooks/register", post(mirror::register))
        .route("/mirrors/{name}/run", get(run_now::page).post(run_now::start))
        .route("/mirrors/{name}/edit", get(edit::page).post(edit::save))
        .route("/mirrors/{name}/edit/remove", post(edit::remove))
        .route("/mirrors/{name}/inputs", get(edit::input_sets))
        .route(
            "/mirrors/{name}/inputs/edit",
            get(edit::input_set).post(edit::save_input_set),
        )
        .route("/new", get(edit::new).post(edit::make))
        .route("/runs", get(run::list))
        .route("/runs/{id}", get(run::page))
        .route("/runs/{id}/cancel", post(run::cancel))
        .route("/runs/{id}/rerun", post(run::rerun))
        .route("/runs/{id}/carry-out", post(run::carry_out))
        .route("/runs/{id}/approve", get(run::approve_shown).post(run::approve))
        .route("/runs/{id}/undo", get(run::undo_shown).post(run::undo))
        .route("/conflicts", get(conflict::list))
        .route("/conflicts/view", get(conflict::page))
        .route(
            "/conflicts/settle",
            get(conflict::settle_shown).post(conflict::settle),
        )
        .route("/deliveries", get(deliveries::list))
        .route("/deliveries/{id}", get(deliveries::page))
        .route("/deliveries/{id}/redeliver", post(deliveries::redeliver))
        .route("/audit", get(audit::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
        .fallback(trouble::no_such_page)
        .layer(axum::extract::DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn_with_state(Arc::clone(app), trouble::in_its_frame))
        .layer(header_layer(header::CACHE_CONTROL, "no-store"));
    let live = Router::new()
        .nest_service("/live", crate::api::live(app))
        .layer(from_fn_with_state(Arc::clone(app), session::introduce));
    Router::new()
        .merge(assets::router())
        .merge(pages)
        .merge(live)
        .layer(
            ServiceBuilder::new()
                .layer(header_layer(header::CONTENT_SECURITY_POLICY, POLICY))
                .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
                .layer(header_layer(
                    HeaderName::from_static("cross-origin-opener-policy"),
                    "same-origin",
                )),
        )
        .with_state(Arc::clone(app))
}

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests;
