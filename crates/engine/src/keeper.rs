//! What a run tells those who keep records and budgets, and waits for their answer. All of it is optional.

use std::any::Any;
use std::fmt;
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

/// What lets somebody talk to hosts; given back when it is dropped.
pub struct Permit(#[expect(dead_code, reason = "only its end says something")] Box<dyn Any + Send + Sync>);

impl Permit {
    /// Of what is to be dropped when it is given back.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self(Box::new(held))
    }
}

impl Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// Keeps the budgets of hosts: how many requests each is asked at the same time. Over `ssh://`, `git://` and on paths of this machine
/// a conversation counts as one.
pub trait Hosts: Send + Sync + Debug {
    /// Somebody is about to talk to the hosts of these sides: with one request at a time to each side, so with two to a host on which
    /// both lie. Waits for all that this needs; an `Err` names the side that is not let in.
    fn enter<'a>(&'a self, sides: &'a [Side]) -> BoxFuture<'a, Result<Permit, (Side, Fault)>>;

    /// One more request to a side that was entered, at the same time: if its host has room for it at once. Never waits for others.
    fn spare(&self, side: Side) -> BoxFuture<'_, Option<Permit>>;

    /// Whether the host refused this side's credentials since the run was let in: then they are not shown to it again.
    fn is_refused(&self, side: Side) -> bool {
        let _ = side;
        false
    }

    /// The host (as [`crate::url::RemoteUrl::host`] gives it; empty for a path of this machine) answered a request after that time: to its headers over HTTP, to its greeting elsewhere. `what` is one of
    /// `info-refs`, `ls-refs`, `fetch`, `push`; `status` the HTTP status, `None` elsewhere and if no answer came.
    fn answered(&self, side: Side, host: &str, what: &'static str, took: Duration, status: Option<u16>);

    /// The host wants to be left alone for so long.
    fn busy(&self, host: &str, retry_after: Duration);
}
