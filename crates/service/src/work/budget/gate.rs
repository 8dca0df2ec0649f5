//! The way of one run to its hosts.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::error::Fault;
use engine::keeper::Hosts;
use engine::side::{Both, Side};
use futures_util::future::BoxFuture;
use store::Time;
use tokio::sync::OwnedMutexGuard;

use super::Budget;
use super::slots::Slot;
use super::tokens::Refused;
use crate::app::App;
use crate::work::ends::{End, Sent};

/// How often a refused token is tried again, by all mirrors and processes together.
const PROBE: Duration = Duration::from_secs(60);

/// The gate of one run.
#[derive(Debug)]
pub(crate) struct Gate {
    app: Arc<App>,
    budget: Arc<Budget>,
    /// The mirror's name; empty for a one-off run.
    mirror: String,
    ends: Both<Opened>,
    state: Mutex<State>,
}

/// One side as the engine names it in this run.
#[derive(Debug)]
struct Opened {
    host: String,
    token: Option<Sent>,
    slots: Option<u32>,
}

#[derive(Default)]
struct State {
    denied: Option<Denied>,
    verdicts: Vec<Verdict>,
    /// Held until it is known whether the tokens work.
    trials: Vec<(String, OwnedMutexGuard<()>)>,
}

/// Why a run was not let through. Nothing was asked of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The host wants to be left alone.
    Hushed {
        /// The host.
        host: String,
        /// Until then.
        until: Time,
    },
    /// The host refused the credential's token before.
    Refused {
        /// The credential.
        credential: String,
        /// 401 or 403.
        status: u16,
        /// Since when this value of it is refused.
        since: Time,
        /// When to ask again whether it may be tried.
        until: Time,
    },
}

/// What a run learned of a token.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// It works again.
    Accepted {
        /// The credential.
        credential: String,
    },
    /// The host refused it.
    Refused {
        /// The credential.
        credential: String,
        /// What to write down.
        key: String,
        /// The salted hash of its value.
        hash: String,
        /// 401 or 403.
        status: u16,
    },
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// The gate of a run of this mirror, whose sides are as the engine names them.
    pub(crate) fn new(app: &Arc<App>, budget: &Arc<Budget>, mirror: &str, ends: Both<&End>) -> Self {
        let opened = |end: &End| Opened {
            host: end.endpoint.url.host().unwrap_or_default(),
            token: end.token.clone(),
            slots: end.credential.as_ref().map(|one| one.max_concurrent),
        };
        Self {
            app: Arc::clone(app),
            budget: Arc::clone(budget),
            mirror: mirror.to_owned(),
            ends: Both {
                source: opened(ends.source),
                target: opened(ends.target),
            },
            state: Mutex::default(),
        }
    }

    /// Why the run was not let through, if it was not.
    pub(crate) fn denied(&self) -> Option<Denied> {
        self.lock().denied.clone()
    }

    /// What the run learned of tokens.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        self.lock().verdicts.clone()
    }

    /// The run does not talk to hosts any more.
    pub(crate) fn leave(&self) {
        self.lock().trials.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tokens that go to a host, in the order of their credentials' names.
    fn tokens(&self, host: &str) -> Vec<&Sent> {
        let mut tokens: Vec<&Sent> = [&self.ends.source, &self.ends.target]
            .into_iter()
            .filter(|end| end.host == host)
            .filter_map(|end| end.token.as_ref())
            .collect();
        tokens.sort_by(|one, other| one.credential.cmp(&other.credential));
        tokens.dedup_by(|one, other| one.credential == other.credential);
        tokens
    }

    async fn pass(&self, host: &str) -> Result<Box<dyn Send>, Denied> {
        self.is_hushed(host)?;
        for token in self.tokens(host) {
            self.may_show(token).await?;
            if self.budget.tokens.works(&token.credential) {
                continue;
            }
            let trial = self.budget.tokens.trial(&token.credential);
            let trial = trial.lock_owned().await;
            self.may_show(token).await?;
            if !self.budget.tokens.works(&token.credential) {
                self.lock().trials.push((token.credential.clone(), trial));
            }
        }
        let slots = [&self.ends.source, &self.ends.target]
            .into_iter()
            .filter(|end| end.host == host)
            .filter_map(|end| end.slots)
            .min();
        let permit = self.budget.permit(host, slots).await;
        let slot = match self.budget.is_shared() {
            true => Some(Slot::take(&self.app, host, slots).await),
            false => None,
        };
        // While it waited, another run may have been told to go away.
        self.is_hushed(host)?;
        Ok(Box::new((permit, slot)))
    }

    fn is_hushed(&self, host: &str) -> Result<(), Denied> {
        match self.budget.hushed(host, Time::now()) {
            None => Ok(()),
            Some(until) => Err(Denied::Hushed {
                host: host.to_owned(),
                until,
            }),
        }
    }

    /// A token that was refused is not shown again, but by one run a minute.
    async fn may_show(&self, token: &Sent) -> Result<(), Denied> {
        let refused = self
            .budget
            .tokens
            .refused(&token.credential, &self.mirror, &token.value);
        let Some(refused) = refused else { return Ok(()) };
        let now = Time::now();
        match self.app.store.may_probe(&refused.key, PROBE, now).await {
            Ok(true) => Ok(()),
            // Without the database nothing could be recorded either.
            Ok(false) | Err(_) => Err(Denied::Refused {
                credential: token.credential.clone(),
                status: refused.status,
                since: refused.since,
                until: now + PROBE,
            }),
        }
    }

    fn judge(&self, side: Side, status: u16) {
        let Some(token) = &self.ends.of(side).token else {
            return;
        };
        let tokens = &self.budget.tokens;
        let verdict = match status {
            401 | 403 => {
                let Refused {
                    key, hash, status, ..
                } = tokens.refuse(&token.credential, &self.mirror, &token.value, status);
                Some(Verdict::Refused {
                    credential: token.credential.clone(),
                    key,
                    hash,
                    status,
                })
            }
            200..=299 => tokens
                .accept(&token.credential, &self.mirror)
                .then(|| Verdict::Accepted {
                    credential: token.credential.clone(),
                }),
            // It says nothing of the token.
            _ => return,
        };
        let mut state = self.lock();
        state.verdicts.extend(verdict);
        state
            .trials
            .retain(|(credential, _)| *credential != token.credential);
    }
}

impl Hosts for Gate {
    fn enter<'a>(&'a self, _side: Side, host: &'a str) -> BoxFuture<'a, Result<Box<dyn Send>, Fault>> {
        Box::pin(async move {
            // A path of this machine.
            if host.is_empty() {
                return Ok(Box::new(()) as Box<dyn Send>);
            }
            self.pass(host).await.map_err(|denied| {
                let fault = denied.fault();
                self.lock().denied = Some(denied);
                fault
            })
        })
    }

    fn answered(&self, side: Side, host: &str, _what: &'static str, took: Duration, status: Option<u16>) {
        self.app.metrics.host_answered(host, status, took);
        if let Some(status) = status {
            self.judge(side, status);
        }
    }

    fn busy(&self, host: &str, retry_after: Duration) {
        let until = Time::now() + retry_after;
        self.budget.hush(host, until);
        let (app, host) = (Arc::clone(&self.app), host.to_owned());
        // The run itself must not wait for this; the same host tells it again if it is lost.
        tokio::spawn(async move {
            if let Err(error) = app.store.hush(&host, until).await {
                tracing::warn!(%error, host, "cannot write down that a host wants to be left alone");
            }
        });
    }
}

impl Denied {
    /// When to ask again.
    pub(crate) fn until(&self) -> Time {
        match self {
            Self::Hushed { until, .. } | Self::Refused { until, .. } => *until,
        }
    }

    /// The stable word for it in a run that a person reads.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Hushed { .. } => "busy",
            Self::Refused { status: 403, .. } => "forbidden",
            Self::Refused { .. } => "unauthorized",
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Hushed { until, .. } => Some(format!("ask again after {}", told(*until))),
            Self::Refused { credential, .. } => Some(format!(
                "check the token of the credential `{credential}` (expired? revoked?)"
            )),
        }
    }

    fn fault(&self) -> Fault {
        let left = self.until().0.saturating_sub(Time::now().0);
        let status = match self {
            Self::Hushed { .. } => 429,
            Self::Refused { status, .. } => *status,
        };
        Fault::Busy {
            status,
            retry_after: Some(Duration::from_millis(u64::try_from(left).unwrap_or(0))),
            message: self.to_string(),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hushed { host, .. } => write!(f, "{host} asks for patience (Retry-After): not asked yet"),
            Self::Refused {
                credential,
                status,
                since,
                ..
            } => write!(
                f,
                "the host refuses the token of the credential `{credential}` ({status}) since {}: not shown again until it is \
                 another, but for one try a minute",
                told(*since)
            ),
        }
    }
}

/// A time as people read it, to the second.
fn told(time: Time) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
