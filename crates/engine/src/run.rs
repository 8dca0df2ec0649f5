//! The spine of a run: observe both sides, decide, relay, report.

use crate::ahead::Ahead;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::error::{Error, Stage};
use crate::event::{Event, Listener};
use crate::ledger::Ledger;
use crate::observe::observe;
use crate::plan::{Plan, plan, undecided};
use crate::relay::relay;
use crate::report::Report;
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::Remote;

/// Makes one run. What goes wrong is part of the report.
///
/// Dropping the future cuts the connections: a target that has an incomplete pack then changes nothing.
pub async fn run(request: &Request, listener: &Listener) -> Report {
    let mut report = Report {
        dry_run: request.dry_run,
        ..Report::default()
    };
    let clock = Clock::default();
    if let Err(error) = attempt(request, &clock.listening(listener), &mut report).await {
        report.error = Some(error);
        for side in [Side::Source, Side::Target] {
            request.clients.forget(&request.ends.of(side).url.to_string());
        }
    }
    report.stages = clock.stop();
    report.references.sort_by(|one, other| one.name.cmp(&other.name));
    report
}

/// Lists both sides and nothing more: what they have in scope, in a few bytes.
///
/// # Errors
///
/// As a run's.
pub async fn glance(request: &Request) -> Result<Digest, Error> {
    let listener = Listener::none();
    let remotes = remotes(request, &listener)?;
    let _permit = request.enter(&[Side::Source, Side::Target]).await?;
    Ok(observe(request, &remotes).await?.digest)
}

async fn attempt(request: &Request, listener: &Listener, report: &mut Report) -> Result<(), Error> {
    let remotes = remotes(request, listener)?;
    let _permit = request.enter(&[Side::Source, Side::Target]).await?;

    listener.tell(Event::Stage(Stage::Observe));
    let mut ahead = Ahead::start(request, &remotes);
    let mut observed = Ahead::alongside(&mut ahead, observe(request, &remotes)).await?;
    observed.ahead = ahead;
    observed.tell(report);

    listener.tell(Event::Stage(Stage::Decide));
    let planned = plan(request, &mut observed, &remotes).await;
    let mut ledger = Ledger::new(report, request, listener);
    let Plan { writes, others } = planned.inspect_err(|_| {
        undecided(request, &observed).for_each(|reference| ledger.enter(reference));
    })?;
    others.into_iter().for_each(|reference| ledger.enter(reference));
    ledger.expect(&writes);
    if request.dry_run {
        writes
            .iter()
            .for_each(|planned| ledger.settle(planned, planned.done()));
        return Ok(());
    }

    if !writes.is_empty() {
        listener.tell(Event::Stage(Stage::Relay));
    }
    let mut relayed = Ok(());
    for side in [Side::Target, Side::Source] {
        let there = writes
            .iter()
            .filter(|planned| planned.change.to == side && relayed.is_ok())
            .cloned()
            .collect();
        relayed = relayed.and(relay(request, &remotes, &mut observed, side, there, &mut ledger).await);
    }
    ledger.close(&writes);
    relayed
}

fn remotes(request: &Request, listener: &Listener) -> Result<Both<Remote>, Error> {
    let make = |side: Side| Remote::new(side, request, listener).map_err(|kind| request.unopened(side, kind));
    Ok(Both {
        source: make(Side::Source)?,
        target: make(Side::Target)?,
    })
}
