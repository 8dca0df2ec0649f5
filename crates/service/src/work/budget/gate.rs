//! The way of one run to its hosts.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::error::Fault;
use engine::keeper::{Hosts, Permit};
use engine::request::{Endpoint, Request};
use engine::side::{Both, Side};
use futures_util::future::BoxFuture;
use store::Time;

use super::Patience;
use super::denied::{Denied, Verdict};
use super::passes::{Passes, Trials};
use crate::app::App;
use crate::work::ends::{End, Sent};

/// How often a refused token is tried again, by all mirrors and processes together.
const PROBE: Duration = Duration::from_secs(60);

/// The gate of one run.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(super) app: Arc<App>,
    /// The mirror's name; `None` for a one-off run, and for what is only planned.
    mirror: Option<String>,
    /// The sides as the engine names them in this run.
    pub(super) ends: Both<Opened>,
    /// What one request is made like that tries a token.
    knock: Request,
    state: Mutex<State>,
}

/// One side of a run.
#[derive(Debug)]
pub(super) struct Opened {
    /// Empty for a path of this machine.
    pub(super) host: String,
    token: Option<Sent>,
}

#[derive(Default)]
struct State {
    denied: Option<Denied>,
    verdicts: Vec<Verdict>,
    /// Held until it is known whether the tokens work.
    trials: Trials,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// The gate of a run of this mirror. Sides are named as in the request.
    pub(crate) fn new(app: &Arc<App>, mirror: Option<&str>, ends: Both<&End>, request: &Request) -> Self {
        let opened = |end: &End| Opened {
            host: end.endpoint.url.host().unwrap_or_default(),
            token: end.token.clone(),
        };
        let endpoint = |end: &End| Endpoint::clone(&end.endpoint);
        Self {
            app: Arc::clone(app),
            mirror: mirror.map(str::to_owned),
            ends: Both {
                source: opened(ends.source),
                target: opened(ends.target),
            },
            knock: Request {
                direction: request.direction,
                timeouts: request.timeouts,
                clients: request.clients.clone(),
                ..Request::new(endpoint(ends.source), endpoint(ends.target))
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

    /// The credentials whose tokens these sides show to a host, in the order of their names.
    pub(super) fn credentials(&self, host: &str, sides: &[Side]) -> Vec<String> {
        let ends = sides.iter().map(|side| self.ends.of(*side));
        let mut credentials: Vec<String> = ends
            .filter(|end| end.host == host)
            .filter_map(|end| Some(end.token.as_ref()?.credential.clone()))
            .collect();
        credentials.sort();
        credentials.dedup();
        credentials
    }

    /// The side that was not let in.
    fn denied_side(&self, sides: &[Side], host: &str, denied: &Denied) -> Side {
        let is_there = |side: &Side| self.ends.of(*side).host == host;
        match denied {
            Denied::Refused { side, .. } => *side,
            Denied::Hushed { .. } => sides.iter().copied().find(is_there).unwrap_or(Side::Target),
        }
    }

    /// The sides that show a credential's token, the one that is written first: it asks more of it.
    fn shown_by(&self, credential: &str) -> impl Iterator<Item = (Side, &Sent)> {
        [Side::Target, Side::Source].into_iter().filter_map(move |side| {
            let token = self.ends.of(side).token.as_ref()?;
            (token.credential == credential).then_some((side, token))
        })
    }

    /// A token that is being tried is shown with two requests at most: one for each side that has it, or two for the one.
    fn is_shown_enough(&self, side: Side) -> bool {
        let Some(token) = &self.ends.of(side).token else {
            return false;
        };
        let is_tried = self
            .lock()
            .trials
            .iter()
            .any(|(credential, _)| *credential == token.credential);
        is_tried && self.shown_by(&token.credential).count() > 1
    }

    pub(super) fn is_hushed(&self, host: &str) -> Result<(), Denied> {
        match self.app.budget.hushed(host, self.app.store.now()) {
            None => Ok(()),
            Some(until) => Err(Denied::Hushed {
                host: host.to_owned(),
                until,
            }),
        }
    }

    /// A token that was refused is not shown again, but once a minute, with one request for each of these sides that has it. False if
    /// the host has no room for that at once and nobody waits.
    pub(super) async fn may_show(
        &self,
        host: &str,
        credential: &str,
        sides: &[Side],
        patience: Patience,
    ) -> Result<bool, Denied> {
        let tokens = &self.app.budget.tokens;
        let showing: Vec<(Side, &Sent)> = self
            .shown_by(credential)
            .filter(|(side, _)| sides.contains(side))
            .collect();
        let refused = |(side, token): &(Side, &Sent)| {
            let known = tokens.refused(credential, self.mirror.as_deref(), &token.value);
            known.map(|known| (*side, known))
        };
        let Some((first, known)) = showing.iter().find_map(refused) else {
            return Ok(true);
        };
        let now = self.app.store.now();
        let denied = |side: Side, tried: bool| Denied::Refused {
            side,
            credential: credential.to_owned(),
            status: known.status,
            since: known.since,
            until: now + PROBE,
            tried,
        };
        match self.app.store.may_probe(&known.key, PROBE, now).await {
            Ok(true) => {}
            // Without the database nothing could be recorded either.
            Ok(false) | Err(_) => return Err(denied(first, false)),
        }
        // The one that tries it, and no other, needs a place at the host.
        let Some(_pass) = self.pass(host, 1, patience).await else {
            return Ok(false);
        };
        self.is_hushed(host)?;
        for (side, _) in showing {
            let status = match engine::knock(&self.knock, side).await {
                Ok(()) => 200,
                Err(Fault::Unauthorized { .. }) => 401,
                Err(Fault::Forbidden { .. }) => 403,
                // It says nothing of the token.
                Err(_) => return Err(denied(side, false)),
            };
            self.judge(side, status);
            if status != 200 {
                return Err(denied(side, true));
            }
        }
        Ok(true)
    }

    /// Takes an answer for what it says of the side's token.
    fn judge(&self, side: Side, status: u16) {
        let Some(token) = &self.ends.of(side).token else {
            return;
        };
        let tokens = &self.app.budget.tokens;
        let verdict = match status {
            401 | 403 => tokens
                .refuse(&token.credential, self.mirror.as_deref(), &token.value, status)
                .map(|refused| Verdict::Refused {
                    credential: token.credential.clone(),
                    key: refused.key,
                    hash: refused.hash,
                    status,
                }),
            200..=299 => {
                tokens
                    .accept(&token.credential, self.mirror.as_deref())
                    .then(|| Verdict::Accepted {
                        credential: token.credential.clone(),
                    })
            }
            // It says nothing of the token: others may try it, too.
            _ => None,
        };
        let mut state = self.lock();
        // Several requests that were under way at the same time are refused alike: that is written down once.
        if let Some(Verdict::Refused { key: new, .. }) = &verdict {
            state
                .verdicts
                .retain(|one| !matches!(one, Verdict::Refused { key, .. } if key == new));
        }
        state.verdicts.extend(verdict);
        state
            .trials
            .retain(|(credential, _)| *credential != token.credential);
    }
}

impl Hosts for Gate {
    fn enter<'a>(&'a self, sides: &'a [Side]) -> BoxFuture<'a, Result<Permit, (Side, Fault)>> {
        Box::pin(async move {
            match self.passes(sides).await {
                Ok(Passes { hosts, trials }) => {
                    self.lock().trials = trials;
                    Ok(Permit::new(hosts))
                }
                Err((host, denied)) => {
                    let fault = denied.fault(self.app.store.now());
                    let side = self.denied_side(sides, &host, &denied);
                    self.lock().denied = Some(denied);
                    Err((side, fault))
                }
            }
        })
    }

    fn spare(&self, side: Side) -> BoxFuture<'_, Option<Permit>> {
        Box::pin(async move {
            let host = &self.ends.of(side).host;
            if host.is_empty() {
                return Some(Permit::new(()));
            }
            if self.is_shown_enough(side) || self.is_hushed(host).is_err() {
                return None;
            }
            let pass = self.pass(host, 1, Patience::TakesWhatIsThere).await;
            pass.map(Permit::new)
        })
    }

    fn is_refused(&self, side: Side) -> bool {
        let token = self.ends.of(side).token.as_ref();
        let refused = token.and_then(|token| {
            let tokens = &self.app.budget.tokens;
            tokens.refused(&token.credential, self.mirror.as_deref(), &token.value)
        });
        refused.is_some_and(|refused| refused.status == 401)
    }

    fn answered(&self, side: Side, host: &str, _what: &'static str, took: Duration, status: Option<u16>) {
        self.app.metrics.host_answered(host, status, took);
        if let Some(status) = status {
            self.judge(side, status);
        }
    }

    fn busy(&self, host: &str, retry_after: Duration) {
        let until: Time = self.app.store.now() + retry_after;
        self.app.budget.hush(host, until);
        let (app, host) = (Arc::clone(&self.app), host.to_owned());
        // The run itself must not wait for this; the same host tells it again if it is lost.
        tokio::spawn(async move {
            if let Err(error) = app.store.hush(&host, until).await {
                tracing::warn!(%error, host, "cannot write down that a host wants to be left alone");
            }
        });
    }
}
