//! The steps for a person.

use super::{Wanted, events};
use crate::Provider;

/// Steps in the words of the host's own pages.
pub(super) fn steps(provider: Provider, wanted: &Wanted<'_>) -> Vec<String> {
    let url = wanted.hook_url;
    let ticks = events(provider).join(", ");
    let secret = "the first value of webhookSecret of the credential in refsync.yaml";
    match provider {
        Provider::Harness => vec![
            "Open the repository, then Settings, Webhooks, New Webhook".into(),
            format!("Payload URL: {url}"),
            format!("Secret: {secret}"),
            format!("Events: select individual events, tick {ticks}"),
            "Keep SSL verification on, and create the webhook".into(),
        ],
        Provider::Github => vec![
            "Open the repository (or the organisation), then Settings, Webhooks, Add webhook".into(),
            format!("Payload URL: {url}"),
            "Content type: application/json".into(),
            format!("Secret: {secret}"),
            "Just the push event (Pushes), Active".into(),
        ],
        Provider::Gitlab => vec![
            "Open the project (or the group), then Settings, Webhooks, Add new webhook".into(),
            format!("URL: {url}"),
            format!("Secret token: {secret}"),
            format!("Trigger: tick {ticks}"),
            "Keep SSL verification on".into(),
        ],
        Provider::Gitea | Provider::Forgejo | Provider::Gogs => vec![
            format!(
                "Open the repository (or the organisation), then Settings, Webhooks, Add webhook, {}",
                provider.title()
            ),
            format!("Target URL: {url}"),
            "POST, content type application/json".into(),
            format!("Secret: {secret}"),
            format!("Trigger on custom events: tick {ticks}; leave the branch filter at *"),
            "Where refsync has a private address, allow it in ALLOWED_HOST_LIST of the [webhook] section"
                .into(),
        ],
        Provider::BitbucketCloud => vec![
            "Open the repository, then Repository settings, Webhooks, Add webhook".into(),
            format!("URL: {url}"),
            format!("Secret: {secret}"),
            format!("Triggers: {ticks}"),
        ],
        Provider::BitbucketDataCenter => vec![
            "Open the repository, then Repository settings, Webhooks, Create webhook".into(),
            format!("URL: {url}"),
            format!("Secret: {secret}"),
            format!("Events: {ticks}"),
        ],
        _ => without_api(provider, url, &ticks, secret),
    }
}

/// Of hosts whose hooks refsync cannot make.
fn without_api(provider: Provider, url: &str, ticks: &str, secret: &str) -> Vec<String> {
    match provider {
        Provider::AzureDevops => vec![
            "Open Project settings, Service hooks, Create subscription, Web Hooks".into(),
            format!(
                "Trigger on this type of event: {ticks}; choose the repository, leave branch and group at any"
            ),
            format!("URL: {url}"),
            format!(
                "Basic authentication password: {secret} (any user name; if the value is user:password, both of it)"
            ),
            "Resource details to send: All".into(),
        ],
        Provider::Codecommit => vec![
            format!(
                "Amazon EventBridge: create a connection with an API key named x-api-key, whose value is {secret}"
            ),
            format!("Create an API destination: POST {url}, with that connection"),
            format!(
                "Create a rule: source aws.codecommit, detail type {ticks}, the repository's ARN as resource; target: the API destination"
            ),
        ],
        Provider::Gerrit => vec![
            "Install the webhooks plugin. In refs/meta/config of the project, in webhooks.config:".into(),
            "[remote \"refsync\"]".into(),
            format!("  url = {url}?secret=… ({secret} in the place of the dots, percent-encoded)"),
            format!("  event = {ticks}"),
        ],
        _ => vec![
            format!("Have the host POST JSON to {url} on {ticks}"),
            "Content type: application/json".into(),
            format!(
                "Signed as the mirror's trigger says (signature), with {secret}; without a signature: {url}?secret=…"
            ),
        ],
    }
}
