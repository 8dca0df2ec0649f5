//! A look at both sides of a mirror, for a person who waits: nothing is written, and nothing remembered but what hosts said of tokens and
//! of patience, which holds for looks as for runs.

use std::sync::Arc;
use std::time::Duration;

use config::Mirror;
use engine::event::Listener;
use engine::keeper::Hosts;
use engine::report::Report;
use engine::request::Request;
use engine::side::Both;
use store::StoreError;
use store::queue::Memory;
use store::run::Inputs;

use super::again::{Came, is_new_secret};
use super::budget::{Denied, Gate};
use super::ends::{self, End};
use super::request::{self, Unfit};
use super::told;
use crate::app::App;

/// How long a side may be silent. A person waits.
const SILENCE: Duration = Duration::from_secs(20);

/// How long it may take in all.
pub(crate) const IN_ALL: Duration = Duration::from_secs(90);

/// Why nobody could look.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    /// A secret cannot be read, or the mirror makes no request. Says why, without its value.
    #[error("{0}")]
    Setup(String),
    /// It was not let through to a host, and nothing was asked of it.
    #[error("{0}")]
    Denied(Denied),
    /// It took too long.
    #[error("the two sides did not answer within {} s", IN_ALL.as_secs())]
    TimedOut,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A dry run of all references in scope, on its way to the hosts.
#[derive(Debug)]
pub(crate) struct Look {
    /// For the engine.
    pub(crate) request: Request,
    ends: Both<End>,
    gate: Arc<Gate>,
    app: Arc<App>,
    /// `None` for a mirror that is only planned.
    mirror: Option<String>,
}

/// Looks at all references in scope, and decides what a run would do.
pub(crate) async fn look(app: &Arc<App>, mirror: &Mirror) -> Result<Report, LookError> {
    let looked = async {
        let look = Look::prepare(app, mirror).await?;
        let came = look.came().await;
        if !is_new_secret(&app.secrets, true, &came, &look.ends).await {
            return look.over(came).await;
        }
        let look = Look::prepare(app, mirror).await?;
        let came = look.came().await;
        look.over(came).await
    };
    tokio::time::timeout(IN_ALL, looked)
        .await
        .map_err(|_| LookError::TimedOut)?
}

impl Look {
    /// A dry run of all references in scope, for somebody who waits.
    async fn prepare(app: &Arc<App>, mirror: &Mirror) -> Result<Self, LookError> {
        let memory = match app.store.memory(&mirror.name, None).await {
            // One that is only planned has nothing to remember.
            Err(StoreError::NotFound { .. }) => Memory::default(),
            remembered => remembered?,
        };
        Self::with(app, mirror, &memory).await
    }

    /// The same, with what is remembered.
    pub(crate) async fn with(app: &Arc<App>, mirror: &Mirror, memory: &Memory) -> Result<Self, LookError> {
        let loaded = app.loaded();
        let ends = ends::of_mirror(&loaded.config, mirror, &app.secrets)
            .await
            .map_err(setup)?;
        let endpoints = Both::from_fn(|side| ends.of(side).endpoint.clone());
        let inputs = Inputs {
            dry_run: true,
            ..Inputs::default()
        };
        let mut request = request::of_asked(mirror, endpoints, &inputs, memory).map_err(setup)?;
        request.keep_bases = false;
        request.timeouts.idle = request.timeouts.idle.min(SILENCE);
        let known = loaded.mirrors.get(&mirror.name);
        let is_known = known.is_some_and(|known| known.fingerprint == mirror.fingerprint);
        // That a token does not suffice for repositories somebody only tries says nothing of the mirror of that name.
        let name = is_known.then(|| mirror.name.clone());
        let Both { source, target } = &ends;
        let gate = Arc::new(Gate::new(app, name.as_deref(), Both { source, target }, &request));
        request.hosts = Some(Arc::clone(&gate) as Arc<dyn Hosts>);
        Ok(Self {
            request,
            ends,
            gate,
            app: Arc::clone(app),
            mirror: name,
        })
    }

    async fn came(&self) -> Came {
        let report = engine::run(&self.request, &Listener::none()).await;
        self.gate.leave();
        Came {
            report,
            denied: self.gate.denied(),
            verdicts: self.gate.verdicts(),
        }
    }

    async fn over(self, came: Came) -> Result<Report, LookError> {
        self.leave().await?;
        Ok(came.report)
    }

    /// To be called when nothing more is asked of the hosts: writes down what they said of the tokens. An error if it was not let through.
    pub(crate) async fn leave(self) -> Result<(), LookError> {
        self.gate.leave();
        for verdict in self.gate.verdicts() {
            told::judge(&self.app, self.mirror.as_deref(), &verdict, self.app.store.now()).await?;
        }
        self.gate
            .denied()
            .map_or(Ok(()), |denied| Err(LookError::Denied(denied)))
    }
}

fn setup(unfit: Unfit) -> LookError {
    LookError::Setup(match unfit {
        Unfit::Inputs(text) => text,
        Unfit::Secret { credential, reason } => {
            format!("the secret of the credential `{credential}` cannot be read: {reason}")
        }
    })
}
