//! A webhook as Gitea sends it.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;

use super::repository::{Pushed, Repository};

/// Tells refsync that somebody pushed.
pub(super) async fn send(
    address: &str,
    side: &str,
    repository: &Repository,
    pushed: &Pushed,
) -> anyhow::Result<()> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()?;
    let body = json!({
        "ref": pushed.name,
        "before": pushed.old,
        "after": pushed.new,
        "repository": {
            "name": repository.name,
            "full_name": format!("demo/{}", repository.name),
            "clone_url": repository.path,
        },
        "pusher": {"login": "demo"},
    });
    let answer = client
        .post(format!("{address}/hooks/demo/{side}"))
        .header("content-type", "application/json")
        .header("x-gitea-event", "push")
        .header("x-gitea-delivery", uuid::Uuid::now_v7().to_string())
        .body(body.to_string())
        .send()
        .await
        .context("cannot reach refsync's own hooks")?;
    if !answer.status().is_success() {
        let status = answer.status();
        bail!(
            "a webhook was answered {status}: {}",
            answer.text().await.unwrap_or_default()
        );
    }
    Ok(())
}
