//! Hooks made or repaired by the hosts' APIs.

mod client;

use config::{Credential, Mirror};
use engine::side::Side;
use hosts::setup::{self, Step};
use secrecy::SecretString;

use super::endpoint::has_endpoint;
use super::list::{url, wanted};
use crate::api::model::hook::Registration;
use crate::app::{App, Loaded};
use client::Client;

/// Creates or repairs the hooks of a mirror's endpoints; `rotate` writes the secret anew where a hook is there as wanted. One entry for each
/// endpoint; a mirror that is not configured, or takes no webhooks, has none.
pub(crate) async fn register(app: &App, mirror: &str, rotate: bool) -> Vec<Registration> {
    let loaded = app.loaded();
    let Some(mirror) = loaded.mirrors.get(mirror) else {
        return Vec::new();
    };
    let mut registrations = Vec::new();
    for side in [Side::Source, Side::Target] {
        // A hook whose deliveries start nothing would be told off by every host.
        if mirror.webhooks && has_endpoint(mirror, side) {
            let became = side_of(app, &loaded, mirror, side, rotate).await;
            registrations.push(shown(&loaded, mirror, side, became));
        }
    }
    registrations
}

/// What became of one side.
enum Became {
    /// It was there.
    Present,
    /// It was made.
    Created,
    /// It was there, and was written anew.
    Repaired,
    /// A person has to do it, and why.
    Manual(String),
    /// It failed.
    Failed(String),
}

fn shown(loaded: &Loaded, mirror: &Mirror, side: Side, became: Became) -> Registration {
    let (outcome, text) = match became {
        Became::Present => (
            "present",
            "the hook is there as wanted; its secret cannot be read back, and is written anew with rotate"
                .to_owned(),
        ),
        Became::Created => ("created", "the hook was created".to_owned()),
        Became::Repaired => (
            "repaired",
            "the hook was there, and was written anew with its secret".to_owned(),
        ),
        Became::Manual(why) => ("manual", why),
        Became::Failed(why) => ("failed", why),
    };
    let steps = if matches!(outcome, "manual" | "failed") {
        let url = url(&loaded.config, mirror, side);
        let end = mirror.ends.of(side);
        let repository = end.url.to_string();
        setup::manual(end.provider, &wanted(&repository, &url, mirror, side))
    } else {
        Vec::new()
    };
    Registration {
        side: side.into(),
        outcome: outcome.to_owned(),
        text,
        steps,
    }
}

async fn side_of(app: &App, loaded: &Loaded, mirror: &Mirror, side: Side, rotate: bool) -> Became {
    let end = mirror.ends.of(side);
    let hook_url = url(&loaded.config, mirror, side);
    let repository = end.url.to_string();
    let wanted = wanted(&repository, &hook_url, mirror, side);
    let list = match setup::list(end.provider, &wanted) {
        Ok(Some(list)) => list,
        Ok(None) => {
            return Became::Manual(format!(
                "{} has no API for hooks that refsync uses",
                end.provider.title()
            ));
        }
        Err(why) => return Became::Manual(why),
    };
    let Some(credential) = end.credential.as_deref() else {
        return Became::Manual(
            "no credential covers the repository's address: add one with hookToken and webhookSecret"
                .to_owned(),
        );
    };
    if loaded.config.public_url.is_none() {
        return Became::Failed(
            "publicUrl is not configured: the host has to know where refsync is reached".to_owned(),
        );
    }
    let (token, secret) = match secrets(app, credential).await {
        Ok(secrets) => secrets,
        Err(became) => return became,
    };
    let client = match Client::new(credential, token, secret).await {
        Ok(client) => client,
        Err(why) => return Became::Failed(why),
    };
    let written = async {
        let listed = client.call(&list).await?;
        let step = setup::plan(end.provider, &wanted, &listed)?;
        let call = match step {
            Step::Present if !rotate => return Ok(Became::Present),
            Step::Present => setup::rewrite(end.provider, &wanted, &listed)?,
            Step::Call(call) => call,
        };
        client.call(&call).await?;
        Ok(if call.method == "POST" {
            Became::Created
        } else {
            Became::Repaired
        })
    };
    written.await.unwrap_or_else(Became::Failed)
}

/// The token for the API and the secret to sign with: the first of several, which is the new one while they are rotated.
async fn secrets(app: &App, credential: &Credential) -> Result<(SecretString, SecretString), Became> {
    let name = &credential.name;
    let Some(token) = &credential.hook_token else {
        return Err(Became::Manual(format!(
            "the credential `{name}` has no hookToken, the token for registering hooks"
        )));
    };
    let Some(secret) = credential.webhook_secret.first() else {
        return Err(Became::Manual(format!(
            "the credential `{name}` has no webhookSecret: without one the endpoint takes nothing"
        )));
    };
    let token = app.secrets.read(token).await;
    let secret = app.secrets.read(secret).await;
    match (token, secret) {
        (Ok(token), Ok(secret)) => Ok((token, secret)),
        (Err(error), _) | (_, Err(error)) => Err(Became::Failed(error.to_string())),
    }
}
