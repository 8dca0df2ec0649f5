//! What a run tells those who keep records and budgets, and waits for their answer. All of it is optional.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::BoxFuture;
use gitwire::RefName;

use crate::base::Intent;
use crate::error::Fault;
use crate::side::Side;

/// Writes intents down before they are carried out.
pub trait Recorder: Send + Sync + Debug {
    /// These writes are about to be made. The push waits for the answer; an `Err`, whose text is for people, ends the run before
    /// any of them is made.
    fn intend<'a>(&'a self, writes: &'a [(RefName, Intent)]) -> BoxFuture<'a, Result<(), String>>;
}

/// Keeps the budgets of hosts.
pub trait Hosts: Send + Sync + Debug {
    /// A run is about to talk to a host (as [`crate::url::RemoteUrl::host`] gives it; empty for a path of this machine). It waits
    /// for the permit and holds it to its end. Called once for each host of the run, in the order of their names, so that two
    /// runs never wait for each other.
    fn enter<'a>(&'a self, side: Side, host: &'a str) -> BoxFuture<'a, Result<Box<dyn Send>, Fault>>;

    /// Whether the host refused this side's credentials since the run was let in: then they are not shown to it again.
    fn is_refused(&self, side: Side) -> bool {
        let _ = side;
        false
    }

    /// The host answered a request after that time: to its headers over HTTP, to its greeting elsewhere. `what` is one of
    /// `info-refs`, `ls-refs`, `fetch`, `push`; `status` the HTTP status, `None` elsewhere and if no answer came.
    fn answered(&self, side: Side, host: &str, what: &'static str, took: Duration, status: Option<u16>);

    /// The host wants to be left alone for so long.
    fn busy(&self, host: &str, retry_after: Duration);
}
