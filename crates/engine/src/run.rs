//! The spine of a run: observe both sides, decide, relay, report.

use std::collections::HashSet;
use std::time::Instant;

use gitwire::RefName;

use crate::error::{Error, Stage};
use crate::event::{Event, Listener};
use crate::observe::{Observed, observe};
use crate::plan::{Plan, Planned, plan};
use crate::relay::Relay;
use crate::report::{Outcome, RefReport, Report};
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::{Masters, Remote};
use crate::upload::Upload;

/// Makes one run. What goes wrong is part of the report.
///
/// Dropping the future cuts the connections: a target that has an incomplete pack then changes nothing.
pub async fn run(request: &Request, listener: &Listener) -> Report {
    let mut report = Report { dry_run: request.dry_run, ..Report::default() };
    let masters = Masters::default();
    let mut clock = Clock::new(listener);
    if let Err(error) = attempt(request, listener, &masters, &mut report, &mut clock).await {
        report.error = Some(error);
    }
    report.stages = clock.stop();
    report.references.sort_by(|one, other| (&one.name, one.to).cmp(&(&other.name, other.to)));
    report
}

async fn attempt(
    request: &Request,
    listener: &Listener,
    masters: &Masters,
    report: &mut Report,
    clock: &mut Clock<'_>,
) -> Result<(), Error> {
    let remotes = remotes(request, listener, masters)?;

    clock.enter(Stage::Observe);
    let mut observed = observe(request, &remotes).await?;
    report.in_sync = observed.in_sync;
    report.invalid_names = observed.invalid_names();

    clock.enter(Stage::Decide);
    let Plan { writes, others } = plan(request, &mut observed, &remotes).await?;
    for reference in others {
        report.add(listener, reference);
    }

    clock.enter(Stage::Relay);
    if request.dry_run {
        for planned in writes {
            report.add(listener, planned.report(planned.done()));
        }
        return Ok(());
    }
    relay(request, &remotes, observed, writes, report, listener).await
}

/// Makes the writes, first to the target, then to the source.
async fn relay(
    request: &Request,
    remotes: &Both<Remote>,
    mut observed: Observed<'_>,
    writes: Vec<Planned>,
    report: &mut Report,
    listener: &Listener,
) -> Result<(), Error> {
    let (to_target, to_source): (Vec<_>, Vec<_>) =
        writes.into_iter().partition(|planned| planned.change.to == Side::Target);
    let mut ended = Ok(());
    for (side, writes) in [(Side::Target, to_target), (Side::Source, to_source)] {
        let Some(receive) = observed.receives.of_mut(side).take() else { continue };
        if writes.is_empty() || ended.is_err() {
            receive.close().await;
            not_written(report, listener, &writes);
            continue;
        }
        let from = match observed.uploads.of_mut(side.other()).take() {
            Some(upload) => Ok(upload),
            None => Upload::open(remotes.of(side.other())).await,
        };
        let from = match from {
            Ok(from) => from,
            Err(fault) => {
                ended = Err(remotes.of(side.other()).error(Stage::Relay, fault));
                not_written(report, listener, &writes);
                continue;
            }
        };
        let (mut bytes, mut settled) = (0, Vec::new());
        let mut settle = |planned: &Planned, outcome: Outcome| {
            let reference = planned.report(outcome);
            listener.tell(Event::Reference(reference.clone()));
            settled.push(reference);
        };
        ended = Relay {
            request,
            from: &from,
            source: remotes.of(side.other()),
            target: remotes.of(side),
            common: &observed.common,
            held: observed.holders.of(side),
            head: observed.listings.of(side.other()).head.as_ref(),
            settle: &mut settle,
            bytes: &mut bytes,
        }
        .run(writes.clone(), receive)
        .await;
        report.bytes += bytes;
        let done: HashSet<&RefName> = settled.iter().map(|reference| &reference.name).collect();
        let untried: Vec<Planned> = writes.into_iter().filter(|planned| !done.contains(&planned.name)).collect();
        report.references.append(&mut settled);
        not_written(report, listener, &untried);
    }
    ended
}

fn not_written(report: &mut Report, listener: &Listener, writes: &[Planned]) {
    for planned in writes {
        report.add(listener, planned.report(Outcome::NotWritten));
    }
}

fn remotes(request: &Request, listener: &Listener, masters: &Masters) -> Result<Both<Remote>, Error> {
    let make = |side: Side| {
        let endpoint = request.ends.of(side);
        Remote::new(side, endpoint, request.timeouts, listener, masters).map_err(|kind| Error {
            side,
            stage: Stage::Observe,
            url: endpoint.url.to_string(),
            kind,
        })
    };
    Ok(Both { source: make(Side::Source)?, target: make(Side::Target)? })
}

impl Report {
    fn add(&mut self, listener: &Listener, reference: RefReport) {
        listener.tell(Event::Reference(reference.clone()));
        self.references.push(reference);
    }
}

/// Measures how long each step takes.
struct Clock<'a> {
    listener: &'a Listener,
    running: Option<(Stage, Instant)>,
    done: Vec<(Stage, std::time::Duration)>,
}

impl<'a> Clock<'a> {
    fn new(listener: &'a Listener) -> Self {
        Self { listener, running: None, done: Vec::new() }
    }

    fn enter(&mut self, stage: Stage) {
        self.leave();
        self.running = Some((stage, Instant::now()));
        self.listener.tell(Event::Stage(stage));
    }

    fn leave(&mut self) {
        if let Some((stage, since)) = self.running.take() {
            self.done.push((stage, since.elapsed()));
        }
    }

    fn stop(mut self) -> Vec<(Stage, std::time::Duration)> {
        self.leave();
        self.done
    }
}

