//! The configuration that is in force, with what was made over the API. Until `serve` has its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::{Config, Mirror, load};
use engine::decide::Direction;
use engine::side::Side;
use hosts::repository::RepositoryId;
use store::mirror::Known;
use store::{StoreError, Time};

use crate::app::{App, Loaded};

/// Takes over what was made, changed or removed over the API.
pub(crate) async fn take_made(app: &App) -> Result<(), StoreError> {
    let _one_at_a_time = app.reloading.lock().await;
    adopt(app, app.loaded().config.clone()).await
}

/// Puts a configuration in force.
pub(crate) async fn adopt(app: &App, config: Config) -> Result<(), StoreError> {
    let now = Time::now();
    let mut mirrors: BTreeMap<String, Arc<Mirror>> = config.mirrors.clone();
    for one in app.store.made().await? {
        let checked = serde_json::from_str(&one.spec)
            .ok()
            .and_then(|spec| load::mirror(&config, &spec).ok());
        if let Some(mirror) = checked {
            mirrors.entry(one.name).or_insert_with(|| Arc::new(mirror));
        }
    }
    let known: Vec<Known> = mirrors.values().map(|mirror| known(mirror)).collect();
    app.store.adopt(&known, now).await?;
    app.loaded.send_replace(Arc::new(Loaded {
        config,
        mirrors,
        problem: None,
        since: now,
    }));
    Ok(())
}

fn known(mirror: &Mirror) -> Known {
    let address = |side: Side| {
        let url = mirror.ends.of(side).url.to_string();
        RepositoryId::of(&url).map_or(url, |id| id.as_str().to_owned())
    };
    Known {
        name: mirror.name.clone(),
        fingerprint: mirror.fingerprint.clone(),
        labels: mirror.labels.clone(),
        source_url: address(Side::Source),
        target_url: address(Side::Target),
        sweep_ms: mirror
            .sweep
            .map(|every| i64::try_from(every.as_millis()).unwrap_or(i64::MAX)),
        two_way: mirror.direction == Direction::TwoWay,
    }
}
