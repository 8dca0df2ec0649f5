//! Who calls, and what they may do and see.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::Mirror;
use serde::Serialize;
use store::audit::Entry;
use store::mirror::Overview;
use store::run::Run;
use store::token::{Role, Token};

use super::OpError;
use crate::app::App;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The token.
    pub(crate) token: Token,
    /// The address the call came from.
    pub(crate) from: String,
}

/// A mirror as the database and the configuration have it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// What became of it.
    pub(crate) overview: Overview,
    /// How it is configured; `None` if it is parked.
    pub(crate) configured: Option<Arc<Mirror>>,
}

impl Found {
    /// Its configuration; a parked mirror has none.
    pub(crate) fn configured(&self) -> Result<&Arc<Mirror>, OpError> {
        self.configured.as_ref().ok_or_else(|| {
            OpError::Conflict(format!(
                "the mirror {} is parked: the configuration does not have it any more",
                self.overview.known.name
            ))
        })
    }
}

impl Caller {
    /// An error unless the caller has this role or more.
    pub(crate) fn may(&self, needs: Role) -> Result<(), OpError> {
        if self.token.role >= needs {
            Ok(())
        } else {
            Err(OpError::Forbidden { needs })
        }
    }

    /// Whether something with these labels exists for the caller.
    pub(crate) fn sees(&self, labels: &BTreeMap<String, String>) -> bool {
        match &self.token.label {
            None => true,
            Some((key, value)) => labels.get(key) == Some(value),
        }
    }

    /// An error for callers who are limited to a label.
    pub(crate) fn unlimited(&self, why: &'static str) -> Result<(), OpError> {
        if self.is_limited() {
            Err(OpError::Limited(why))
        } else {
            Ok(())
        }
    }

    /// Whether the caller sees mirrors with a label alone.
    pub(crate) fn is_limited(&self) -> bool {
        self.token.label.is_some()
    }

    /// Whether a mirror exists for the caller. One that the database does not know is seen by nobody who is limited.
    pub(crate) async fn sees_mirror(&self, app: &App, name: &str) -> Result<bool, OpError> {
        self.sees_among(app, name, &BTreeMap::new()).await
    }

    /// Whether a mirror exists for the caller, and has all of some labels.
    pub(crate) async fn sees_among(
        &self,
        app: &App,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<bool, OpError> {
        if !self.is_limited() && labels.is_empty() {
            return Ok(true);
        }
        let fits = |has: &BTreeMap<String, String>| {
            self.sees(has) && labels.iter().all(|(key, value)| has.get(key) == Some(value))
        };
        if let Some(mirror) = app.loaded().mirrors.get(name) {
            return Ok(fits(&mirror.labels));
        }
        match app.store.mirror(name).await {
            Ok(overview) => Ok(fits(&overview.known.labels)),
            Err(store::StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A mirror, if it exists for the caller.
    pub(crate) async fn mirror(&self, app: &App, name: &str) -> Result<Found, OpError> {
        let missing = || OpError::not_found(format!("mirror {}", shown(name)));
        let overview = match app.store.mirror(name).await {
            Err(store::StoreError::NotFound { .. }) => return Err(missing()),
            other => other?,
        };
        let configured = app.loaded().mirrors.get(name).cloned();
        let labels = configured
            .as_ref()
            .map_or(&overview.known.labels, |mirror| &mirror.labels);
        if !self.sees(labels) {
            return Err(missing());
        }
        Ok(Found { overview, configured })
    }

    /// A run, if it exists for the caller. A unique beginning of its id does.
    pub(crate) async fn run(&self, app: &App, id: &str) -> Result<Run, OpError> {
        let missing = || OpError::not_found(format!("run {}", shown(id)));
        let run = match app.store.run(id).await {
            Ok(run) => run,
            Err(store::StoreError::NotFound { .. }) => return Err(missing()),
            // The error names the runs that match, which need not exist for the caller.
            Err(store::StoreError::Conflict(_)) if self.is_limited() => {
                return Err(OpError::Conflict(format!(
                    "several runs begin with {}: give more of the id",
                    shown(id)
                )));
            }
            Err(error) => return Err(error.into()),
        };
        let seen = match &run.mirror {
            Some(mirror) => self.sees_mirror(app, mirror).await?,
            None => !self.is_limited(),
        };
        if seen { Ok(run) } else { Err(missing()) }
    }

    /// Records what the caller did. That it cannot be recorded undoes nothing: then the log has it.
    pub(crate) async fn did<B: Serialize, A: Serialize>(
        &self,
        app: &App,
        action: &str,
        subject: String,
        before: Option<B>,
        after: Option<A>,
    ) {
        let entry = Entry {
            number: 0,
            at: app.store.now(),
            actor: self.token.name.clone(),
            from: self.from.clone(),
            action: action.to_owned(),
            subject,
            before: before
                .as_ref()
                .and_then(|value| serde_json::to_string(value).ok()),
            after: after.as_ref().and_then(|value| serde_json::to_string(value).ok()),
        };
        tracing::info!(
            actor = entry.actor,
            from = entry.from,
            action,
            subject = entry.subject,
            "done by a person"
        );
        if let Err(error) = app.store.audit(&entry).await {
            tracing::error!(%error, ?entry, "a change could not be written into the audit list");
        }
    }
}

/// What was asked for, in an error: short, and harmless on a terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(100).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    crate::output::names::visible(short.as_bytes())
}
