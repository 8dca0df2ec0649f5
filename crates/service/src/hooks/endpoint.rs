//! Where a delivery comes in, as the configuration has it.

use std::sync::Arc;

use config::{Credential, Mirror, Secret};
use engine::decide::Direction;
use engine::side::Side;
use hosts::Provider;
use hosts::custom::CustomTrigger;
use http::StatusCode;
use secrecy::SecretString;

use super::answer::Refusal;
use crate::app::{App, Loaded};

/// An endpoint that the configuration has.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    /// Whose it is.
    pub(super) of: Of,
    /// What its deliveries look like.
    pub(super) provider: Provider,
    /// How those of `custom` are read.
    pub(super) trigger: Option<CustomTrigger>,
    /// Whether it takes any.
    pub(super) state: State,
}

/// Whose an endpoint is.
#[derive(Debug, Clone)]
pub(super) enum Of {
    /// One repository's.
    Mirror {
        /// The mirror.
        mirror: Arc<Mirror>,
        /// Its side.
        side: Side,
    },
    /// A host's, an organisation's, a group's.
    Host {
        /// The credential that names it.
        credential: Arc<Credential>,
    },
}

/// Whether an endpoint takes deliveries.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Those that one of these secrets signs.
    Signed(Vec<Secret>),
    /// Anyone's.
    Insecure,
    /// None, and why.
    Disabled(String),
}

impl Endpoint {
    /// The endpoint of a mirror's side.
    pub(super) fn of_mirror(loaded: &Loaded, name: &str, side: &str) -> Result<Self, Refusal> {
        let side = match side {
            "source" => Side::Source,
            "target" => Side::Target,
            _ => return Err(none("an endpoint ends in /source or /target")),
        };
        let Some(mirror) = loaded.mirrors.get(name) else {
            return Err(none(
                "there is no mirror of this name: look at the address that `refsync webhook list` shows",
            ));
        };
        if !has_endpoint(mirror, side) {
            return Err(none(
                "this mirror is one-way: its target has no endpoint, and needs no hook on the target's host",
            ));
        }
        let end = mirror.ends.of(side);
        let credential = end.credential.as_deref();
        let insecure = end.insecure || credential.is_some_and(|credential| credential.insecure);
        let state = if mirror.webhooks {
            state(credential, insecure)
        } else {
            State::Disabled("webhooks start no runs of this mirror: its triggers leave them out".to_owned())
        };
        Ok(Self {
            provider: end.provider,
            trigger: end.trigger.clone(),
            state,
            of: Of::Mirror {
                mirror: Arc::clone(mirror),
                side,
            },
        })
    }

    /// The endpoint of a host.
    pub(super) fn of_host(loaded: &Loaded, name: &str) -> Result<Self, Refusal> {
        let Some(credential) = loaded.config.credentials.get(name) else {
            return Err(none("there is no credential of this name in the configuration"));
        };
        Ok(Self {
            provider: credential.provider,
            trigger: None,
            state: match credential.provider {
                Provider::Custom => State::Disabled(
                    "a host of the provider `custom` has endpoints of mirrors only: their triggers say how to read it".to_owned(),
                ),
                _ => state(Some(credential), credential.insecure),
            },
            of: Of::Host {
                credential: Arc::clone(credential),
            },
        })
    }

    /// What the database calls it: mirror, side, credential.
    pub(super) fn columns(&self) -> (Option<String>, Option<String>, Option<String>) {
        match &self.of {
            Of::Mirror { mirror, side } => (Some(mirror.name.clone()), Some(side.to_string()), None),
            Of::Host { credential } => (None, None, Some(credential.name.clone())),
        }
    }

    /// `app/source`, `host/ghe`.
    pub(super) fn shown(&self) -> String {
        match &self.of {
            Of::Mirror { mirror, side } => format!("{}/{side}", mirror.name),
            Of::Host { credential } => format!("host/{}", credential.name),
        }
    }
}

/// Whether a mirror's side has one: a one-way mirror's target has none.
pub(super) fn has_endpoint(mirror: &Mirror, side: Side) -> bool {
    side == Side::Source || mirror.direction == Direction::TwoWay
}

fn none(detail: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, detail)
}

fn state(credential: Option<&Credential>, insecure: bool) -> State {
    match credential {
        _ if insecure => State::Insecure,
        Some(credential) if !credential.webhook_secret.is_empty() => {
            State::Signed(credential.webhook_secret.clone())
        }
        Some(credential) => State::Disabled(format!(
            "this endpoint is disabled: set webhookSecret of the credential `{}`, or `insecure: true`",
            credential.name
        )),
        None => State::Disabled(
            "this endpoint is disabled: no credential covers the repository's address. Add one with a webhookSecret, or `insecure: true`"
                .to_owned(),
        ),
    }
}

/// The secrets' values. One that cannot be read is left out and logged; it is an error if none is left.
pub(super) async fn values(
    app: &App,
    endpoint: &str,
    secrets: &[Secret],
) -> Result<Vec<SecretString>, Refusal> {
    let mut values = Vec::with_capacity(secrets.len());
    for secret in secrets {
        match app.secrets.read(secret).await {
            Ok(value) => values.push(value),
            Err(error) => tracing::warn!(endpoint, %error, "a webhook's secret cannot be read"),
        }
    }
    if values.is_empty() {
        return Err(Refusal::later(
            "refsync cannot read this endpoint's secret: its log says why",
            60,
        ));
    }
    Ok(values)
}
