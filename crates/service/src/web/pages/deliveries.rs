//! Deliveries of webhooks: what came in, from whom, what became of it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use store::Time;
use store::delivery::Filter;

use super::reply::{Pressed, answer, press};
use super::rows::{DeliveryRow, cut, segment};
use super::typed;
use crate::api::model::Page;
use crate::app::App;
use crate::ops;
use crate::output::names::visible;
use crate::output::summary::human_bytes;
use crate::web::frame::Frame;
use crate::web::session::Session;
use crate::web::show::{beginning, visible_lines};

/// How many bytes of a body and of an answer a page shows.
const BODY: usize = 32 << 10;
const ANSWER: usize = 8 << 10;

#[derive(Template)]
#[template(path = "deliveries.html")]
struct List {
    frame: Frame,
    mirror: String,
    deliveries: Vec<DeliveryRow>,
    next: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    mirror: String,
    after: Option<String>,
}

/// `GET /deliveries`.
pub(in crate::web) async fn list(
    State(app): State<Arc<App>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    let page = async {
        let filter = Filter {
            mirror: (!asked.mirror.is_empty()).then(|| asked.mirror.clone()),
            credential: None,
        };
        let ask = ops::pages::ask(asked.after.clone(), None)?;
        let listed = ops::deliveries::list(&app, &session.caller, &filter, ask).await;
        let listed = listed.map(|page| Page::of(page, |one| ops::show::delivery(one, false)));
        let page = typed::of_mirror(&asked.mirror, listed)?;
        let now = Time::now();
        Ok(List {
            frame: Frame::new(&app, &session, "/deliveries")
                .await
                .live("/live/events"),
            mirror: asked.mirror.clone(),
            deliveries: page
                .items
                .iter()
                .map(|delivery| DeliveryRow::new(delivery, now))
                .collect(),
            next: page.next.map(|after| {
                format!(
                    "/deliveries?after={}&mirror={}",
                    segment(&after),
                    segment(&asked.mirror)
                )
            }),
        })
    };
    answer(page.await)
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct Shown {
    frame: Frame,
    one: DeliveryRow,
    from: String,
    repeats: Option<String>,
    answer: String,
    headers: Vec<(String, String)>,
    size: String,
    body: String,
}

/// `GET /deliveries/{id}`.
pub(in crate::web) async fn page(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> Response {
    let page = async {
        let delivery = ops::deliveries::show(&app, &session.caller, &id).await?;
        let size = delivery.body.len();
        let shown = ops::show::delivery(delivery, true);
        let body = shown.body.clone().unwrap_or_default();
        let body = serde_json::from_str::<serde_json::Value>(&body)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or(body);
        let header =
            |(name, value): (String, String)| (visible(name.as_bytes()), cut(&visible(value.as_bytes())));
        Ok(Shown {
            frame: Frame::new(&app, &session, "/deliveries").await,
            one: DeliveryRow::new(&shown, Time::now()),
            from: shown.from.clone(),
            repeats: shown.repeats.clone(),
            answer: beginning(
                &visible_lines(&serde_json::to_string_pretty(&shown.answer).unwrap_or_default()),
                ANSWER,
            ),
            headers: shown
                .headers
                .clone()
                .unwrap_or_default()
                .into_iter()
                .map(header)
                .collect(),
            size: human_bytes(size as u64),
            body: beginning(&visible_lines(&body), BODY),
        })
    };
    answer(page.await)
}

/// `POST /deliveries/{id}/redeliver`.
pub(in crate::web) async fn redeliver(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    press(&session, &pressed, async {
        let again = ops::hooks::redeliver(&app, &session.caller, &id).await?;
        Ok(format!("/deliveries/{}", again.id))
    })
    .await
}
