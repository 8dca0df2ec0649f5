//! `GET /api/v1/audit`: who changed what.

use std::sync::Arc;

use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use store::audit::Entry;

use crate::api::extract::Query;
use crate::api::model::Page;
use crate::api::model::audit::{AuditEntry, AuditQuery};
use crate::api::refusal::Refusal;
use crate::app::App;
use crate::ops::{self, Caller, pages};

/// Says what it does.
pub(in crate::api) fn describe(op: TransformOperation<'_>) -> TransformOperation<'_> {
    op.id("audit")
        .tag("service")
        .summary("List changes")
        .description("Who, when, from where, before and after; newest first.")
}

/// Answers.
pub(in crate::api) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Refusal> {
    let ask = pages::ask(query.after, query.limit)?;
    let page = ops::audit::list(&app, &caller, query.subject.as_deref(), ask).await?;
    Ok(Json(Page::of(page, shown)))
}

fn shown(entry: Entry) -> AuditEntry {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    AuditEntry {
        number: entry.number,
        at: entry.at.into(),
        actor: entry.actor,
        from: entry.from,
        action: entry.action,
        subject: entry.subject,
        before: json(entry.before),
        after: json(entry.after),
    }
}
