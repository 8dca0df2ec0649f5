//! Looking ahead: a webhook said what a branch was and is, so its pack is asked for while both sides are still being listed.
//!
//! The guess decides nothing. Its pack is used only if what was seen afterwards would ask for the very same one.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use gitwire::{Oid, RefName};

use crate::decide::{Base, Change, Direction, Moved, OldValue};
use crate::receive::Receive;
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::Remote;
use crate::upload::{PackStream, Upload, Wanted};

/// A pack that may be needed.
pub(crate) struct Ahead<'r> {
    guess: Guess,
    stream: Stream<'r>,
}

enum Stream<'r> {
    /// Never locked: what holds it may be looked at from several threads, and it may not.
    Coming(Mutex<BoxFuture<'r, Option<PackStream>>>),
    Come(Box<Option<PackStream>>),
}

/// What will be written, if nothing else happened than what was told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Guess {
    to: Side,
    name: RefName,
    old: Oid,
    new: Oid,
}

impl<'r> Ahead<'r> {
    /// Asks for the pack of the change that was told, if one alone was.
    pub(crate) fn start(request: &Request, remotes: &'r Both<Remote>) -> Option<Self> {
        let guess = guess(request)?;
        let remote = remotes.of(guess.to.other());
        let upload = Upload::unasked(remote)?;
        let wanted = Wanted {
            thin: true,
            ..Wanted::between(guess.new, guess.old)
        };
        let fetch = async move {
            let room = remote.spare().await?;
            let come = upload.fetch(&wanted).await;
            // What went wrong, asking properly will tell.
            let come = come.inspect_err(|fault| tracing::debug!(target: "refsync", "asked ahead: {fault}"));
            Some(come.ok()?.in_room(room))
        };
        Some(Self {
            guess,
            stream: Stream::Coming(Mutex::new(Box::pin(fetch))),
        })
    }

    /// Goes on with it while something else is done.
    pub(crate) async fn alongside<T>(ahead: &mut Option<Self>, main: impl Future<Output = T>) -> T {
        let mut main = std::pin::pin!(main);
        if let Some(Self { stream, .. }) = ahead
            && let Stream::Coming(coming) = stream
        {
            tokio::select! {
                done = &mut main => return done,
                come = coming.get_mut().unwrap_or_else(PoisonError::into_inner) => *stream = Stream::Come(Box::new(come)),
            }
        }
        main.await
    }

    /// The pack, if it is the one that these writes need.
    pub(crate) async fn take(self, hoped: &[(RefName, Change)], receive: &Receive<'_>) -> Option<PackStream> {
        let [(name, change)] = hoped else {
            return None;
        };
        let needed = change.action.new_value().zip(change.action.old_value());
        let Guess { to, new, old, .. } = self.guess;
        let right = change.to == to && *name == self.guess.name && needed == Some((new, old));
        let plain = !receive.capabilities.no_thin
            && receive.capabilities.ofs_delta
            && receive.listing.shallow.is_empty();
        if !right || !plain {
            return None;
        }
        match self.stream {
            Stream::Coming(coming) => coming.into_inner().unwrap_or_else(PoisonError::into_inner).await,
            Stream::Come(come) => *come,
        }
    }
}

/// The one change that was told of a branch, by one side: from its base, or the first value that was left, to the last that came.
fn guess(request: &Request) -> Option<Guess> {
    let only = request.only.as_ref().filter(|only| only.len() == 1)?;
    let name = only.first().filter(|name| name.is_branch())?;
    let hints = request.hints.get(name)?;
    let told = |side: Side| !hints.events.of(side).is_empty();
    let from = match (told(Side::Source), told(Side::Target)) {
        (true, false) => Side::Source,
        (false, true) if request.direction == Direction::TwoWay => Side::Target,
        _ => return None,
    };
    let events: &[Moved] = hints.events.of(from);
    let old = match (request.kept_base(name), events.first()?.old) {
        (Base::Agreed(Some(base)), _) => base,
        (Base::Unknown, OldValue::At(old)) => old,
        _ => return None,
    };
    let new = events.last()?.new?;
    let wanted = request.is_about(name) && !request.dry_run && request.orders.is_empty() && new != old;
    wanted.then(|| Guess {
        to: from.other(),
        name: name.clone(),
        old,
        new,
    })
}

impl std::fmt::Debug for Ahead<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead")
            .field("guess", &self.guess)
            .finish_non_exhaustive()
    }
}
