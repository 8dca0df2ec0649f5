//! Ways to a repository: HTTP, ssh, git://, a path of this machine.
//!
//! HTTP keeps no state: every request is a [`http::Http`] exchange of its own. All others are a [`Line`]: a connection to one
//! `git upload-pack` or `git receive-pack` that lives until it is dropped.

use gitwire::greeting::Service;

use crate::error::{Error, Fault, Stage};
use crate::event::Listener;
use crate::request::{Endpoint, Timeouts};
use crate::side::Side;
use crate::url::RemoteUrl;

mod complaint;
mod daemon;
pub(crate) mod http;
mod incoming;
mod outgoing;
mod process;
mod ssh;

pub(crate) use complaint::complaint;
pub(crate) use incoming::Incoming;
pub(crate) use outgoing::{Outgoing, chunks, trace_all as trace_sent};
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
    pub(crate) fn new(
        side: Side,
        endpoint: &Endpoint,
        timeouts: Timeouts,
        listener: &Listener,
        masters: &Masters,
    ) -> Result<Self, Fault> {
        let way = match &endpoint.url {
            RemoteUrl::Http { url, user } => Way::Http(Box::new(http::Http::new(
                side,
                url,
                user.as_deref(),
                endpoint,
                timeouts,
            )?)),
            RemoteUrl::Ssh(address) => Way::Line(Dial::Ssh(ssh::Ssh::new(address, masters)?)),
            RemoteUrl::Git { host, port, path } => {
                Way::Line(Dial::Daemon(daemon::Daemon::new(host, *port, path)))
            }
            RemoteUrl::Local(path) => Way::Line(Dial::Local(path.clone())),
        };
        Ok(Self {
            side,
            url: endpoint.url.clone(),
            timeouts,
            listener: listener.clone(),
            way,
        })
    }

    /// The error that a fault of this side is.
    pub(crate) fn error(&self, stage: Stage, kind: Fault) -> Error {
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
