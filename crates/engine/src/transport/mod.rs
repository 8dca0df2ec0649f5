//! Ways to a repository: HTTP, ssh, git://, a path of this machine.
//!
//! HTTP keeps no state: every request is a [`http::Http`] exchange of its own. All others are a [`Line`]: a connection to one
//! `git upload-pack` or `git receive-pack` that lives until it is dropped.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use gitwire::greeting::Service;

use crate::clients::Clients;
use crate::error::{Error, Fault, Stage};
use crate::event::{Event, Listener};
use crate::keeper::Permit;
use crate::request::{Request, Timeouts};
use crate::side::Side;
use crate::url::RemoteUrl;

mod budget;
mod complaint;
mod daemon;
pub(crate) mod http;
mod incoming;
mod outgoing;
mod process;
mod ssh;

use budget::Budget;
pub(crate) use budget::Turn;
pub(crate) use complaint::complaint;
pub(crate) use incoming::Incoming;
pub(crate) use outgoing::{Outgoing, chunks, trace_all as trace_sent};
pub use process::OWN_VARIABLES;
pub(crate) use ssh::Masters;

/// The value of `agent=` and a part of the HTTP user agent.
pub(crate) const AGENT: &str = concat!("refsync/", env!("CARGO_PKG_VERSION"));

/// One side, and the way to it.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) side: Side,
    pub(crate) url: RemoteUrl,
    pub(crate) timeouts: Timeouts,
    pub(crate) listener: Listener,
    pub(crate) way: Way,
    pub(crate) clients: Clients,
    /// Variables that no program started for it inherits.
    hidden: Arc<BTreeSet<String>>,
    budget: Arc<Budget>,
}

/// How requests travel.
#[derive(Debug)]
pub(crate) enum Way {
    /// Request by request.
    Http(Box<http::Http>),
    /// Over connections to a program.
    Line(Dial),
}

/// How a connection is made.
#[derive(Debug)]
pub(crate) enum Dial {
    Local(std::path::PathBuf),
    Ssh(ssh::Ssh),
    Daemon(daemon::Daemon),
}

/// A connection to one program of Git on the other side.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
}

/// Which version of the protocol is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Version 2, which only upload-pack has.
    V2,
    /// Version 2, even where sshd keeps the variable back that asks for it: set by the remote's shell, if it has one.
    V2ByShell,
    /// Nothing: the server's default.
    Default,
}

impl Remote {
    pub(crate) fn new(side: Side, request: &Request, listener: &Listener) -> Result<Self, Fault> {
        let (endpoint, timeouts, clients) = (request.ends.of(side), request.timeouts, &request.clients);
        let budget = Arc::new(Budget::new(
            side,
            endpoint.url.host().unwrap_or_default(),
            request.hosts.clone(),
        ));
        let way = match &endpoint.url {
            RemoteUrl::Http { url, user } => Way::Http(Box::new(http::Http::new(
                side,
                url,
                user.as_deref(),
                endpoint,
                timeouts,
                clients,
                Arc::clone(&budget),
            )?)),
            RemoteUrl::Ssh(address) => {
                Way::Line(Dial::Ssh(ssh::Ssh::new(address, endpoint, clients.masters())?))
            }
            RemoteUrl::Git { host, port, path } => {
                let daemon = daemon::Daemon::new(host, *port, path, &endpoint.reach)?;
                Way::Line(Dial::Daemon(daemon))
            }
            RemoteUrl::Local(path) => {
                endpoint.reach.permit_local()?;
                Way::Line(Dial::Local(path.clone()))
            }
        };
        let remote = Self {
            side,
            url: endpoint.url.clone(),
            timeouts,
            listener: listener.clone(),
            way,
            clients: clients.clone(),
            hidden: Arc::clone(&endpoint.hidden),
            budget,
        };
        remote.warn();
        Ok(remote)
    }

    /// Says what a person should know before anything is sent.
    fn warn(&self) {
        if let Way::Http(http) = &self.way
            && http.shows_token()
        {
            let text = format!(
                "the {}'s token goes over plain http:// and can be read on the way: use https://",
                self.side
            );
            self.listener.tell(Event::Warning(text));
        }
    }

    /// Takes the time of a conversation's first answer.
    pub(crate) fn greeted(&self, since: Instant) {
        if let Way::Line(_) = &self.way {
            self.budget.answered("info-refs", since.elapsed(), None);
        }
    }

    /// The right to ask one short question, beside others: waits for one of them to be over where the host has no room for more.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        self.budget.turn().await
    }

    /// The right to a request that is open beside all questions, if the host has room for it.
    pub(crate) async fn spare(&self) -> Option<Permit> {
        self.budget.spare().await
    }

    /// The error that a fault of this side is.
    pub(crate) fn error(&self, stage: Stage, kind: Fault) -> Error {
        self.budget.heed(&kind);
        Error {
            side: self.side,
            stage,
            url: self.url.to_string(),
            kind,
        }
    }

    /// Whether a shell may stand between here and the other side.
    pub(crate) fn is_ssh(&self) -> bool {
        matches!(self.way, Way::Line(Dial::Ssh(_)))
    }

    /// Connects to a program of the other side.
    pub(crate) async fn dial(&self, dial: &Dial, service: Service, ask: Ask) -> Result<Line, Fault> {
        match dial {
            Dial::Local(path) => process::local(self, path, service, ask),
            Dial::Ssh(ssh) => ssh.dial(self, service, ask).await,
            Dial::Daemon(daemon) => daemon.dial(self, service, ask).await,
        }
    }
}
