//! The text that Prometheus reads: what this process counted, and what the database knows at this moment.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use store::mirror::Filter;
use store::page::Ask;
use store::{StoreError, Time};

use super::Stored;
use super::labels::{ByMirror, ByState};
use crate::api::model::mirror::MirrorState;
use crate::app::{App, Withheld};

/// How many mirrors are read at a time.
const PAGE: u32 = 500;

/// The metrics in OpenMetrics' text format. A database that cannot be asked makes `refsync_database_up` 0, and is no error.
pub(crate) async fn gather(app: &App) -> String {
    let metrics = &app.metrics;
    let stored = metrics.stored.lock().await;
    let up = fill(app, &stored).await;
    if let Err(error) = &up {
        tracing::warn!(%error, "cannot ask the database for the metrics");
    }
    stored.up.set(i64::from(up.is_ok()));
    let loaded = app.loaded();
    let loses_too_many = matches!(loaded.withheld, Some(Withheld::LosesTooMany(_)));
    let problem = loaded.problem.is_some() || loses_too_many;
    stored.configuration_problem.set(i64::from(problem));
    let mut text = String::new();
    // Only a full String could fail.
    let _ = encode(&mut text, &metrics.registry);
    text
}

async fn fill(app: &App, stored: &Stored) -> Result<(), StoreError> {
    let now = app.store.now();
    let (depth, age) = app.store.queue_state(now).await?;
    stored.queue_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
    stored.queue_age.set(age.unwrap_or_default().as_secs_f64());

    let counts = app.store.mirror_counts().await?;
    for state in MirrorState::ALL {
        let labels = ByState {
            state: state.word().to_owned(),
        };
        let number = counts.get(&state.health()).copied().unwrap_or_default();
        stored
            .mirrors
            .get_or_create(&labels)
            .set(i64::try_from(number).unwrap_or(i64::MAX));
    }
    let refused = app.store.refused_secrets().await?.len();
    stored
        .refused_secrets
        .set(i64::try_from(refused).unwrap_or(i64::MAX));
    let alive = app.loaded().config.limits.lease.saturating_mul(2);
    let workers = app.store.workers(alive, now).await?.len();
    stored.workers.set(i64::try_from(workers).unwrap_or(i64::MAX));
    lags(app, stored, now).await
}

/// The lag of the mirrors that are behind, and of each if that was asked for.
async fn lags(app: &App, stored: &Stored, now: Time) -> Result<(), StoreError> {
    let each = app.loaded().config.metrics_per_mirror;
    let filter = Filter {
        health: if each {
            Vec::new()
        } else {
            MirrorState::BEHIND.map(MirrorState::health).to_vec()
        },
        ..Filter::default()
    };
    let mut ask = Ask {
        after: None,
        limit: PAGE,
    };
    let mut oldest = Duration::ZERO;
    stored.mirror_lag.clear();
    loop {
        let page = app.store.mirrors(&filter, &ask).await?;
        for mirror in &page.items {
            let lag = mirror
                .behind_since
                .map_or(Duration::ZERO, |since| elapsed(since, now));
            oldest = oldest.max(lag);
            if each {
                let mirror = mirror.known.name.clone();
                stored
                    .mirror_lag
                    .get_or_create(&ByMirror { mirror })
                    .set(lag.as_secs_f64());
            }
        }
        match page.next {
            Some(next) => ask.after = Some(next),
            None => break,
        }
    }
    stored.oldest.set(oldest.as_secs_f64());
    Ok(())
}

fn elapsed(since: Time, now: Time) -> Duration {
    Duration::from_millis(u64::try_from(now.0.saturating_sub(since.0)).unwrap_or_default())
}
