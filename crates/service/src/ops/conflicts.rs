//! Conflicts, looked at.

use std::collections::BTreeMap;

use engine::decide::Direction;
use store::conflict::Conflict;
use store::page::{Ask, Page};

use super::caller::shown;
use super::{Caller, OpError, pages, show};
use crate::api::model;
use crate::api::model::name_of_text;
use crate::app::App;

/// Open conflicts, oldest first, of one mirror or all.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    mirror: Option<&str>,
    labels: &BTreeMap<String, String>,
    ask: Ask,
) -> Result<model::Page<model::conflict::Conflict>, OpError> {
    if let Some(mirror) = mirror {
        caller.mirror(app, mirror).await?;
    }
    let fetch = |ask: Ask| async move { app.store.conflicts(mirror, &ask).await };
    let page: Page<Conflict> = pages::filtered(ask, fetch, |conflict: &Conflict| {
        let mirror = conflict.mirror.clone();
        async move { caller.sees_among(app, &mirror, labels).await }
    })
    .await?;
    Ok(model::Page::of(page, |conflict| {
        let two_way = is_two_way(app, &conflict.mirror);
        show::conflict(conflict, two_way)
    }))
}

/// One conflict.
pub(crate) async fn show(
    app: &App,
    caller: &Caller,
    mirror: &str,
    reference: &str,
) -> Result<model::conflict::Conflict, OpError> {
    caller.mirror(app, mirror).await?;
    let missing = || OpError::not_found(format!("a conflict over {} in {mirror}", shown(reference)));
    let name = name_of_text(reference).ok_or_else(|| {
        OpError::invalid(
            "reference",
            format!(
                "`{}` is not a full name such as refs/heads/main",
                shown(reference)
            ),
        )
    })?;
    let conflict = match app.store.conflict(mirror, &name).await {
        Err(store::StoreError::NotFound { .. }) => return Err(missing()),
        other => other?,
    };
    Ok(show::conflict(conflict, is_two_way(app, mirror)))
}

fn is_two_way(app: &App, mirror: &str) -> bool {
    app.loaded()
        .mirrors
        .get(mirror)
        .is_some_and(|mirror| mirror.direction == Direction::TwoWay)
}
