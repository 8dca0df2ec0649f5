//! One attempt at what was claimed: prepare, run the engine, say what is to be recorded.

use std::sync::Arc;

use config::Mirror;
use engine::decide::Direction;
use engine::keeper::{Hosts, Recorder};
use engine::order::Order;
use engine::report::{Exit, Report};
use engine::request::Request;
use engine::side::{Both, Side};
use gitwire::RefName;
use store::StoreError;
use store::queue::{Claim, Dues, Memory, Outcome, Work};
use store::run::{Finished, Inputs, Run};

use super::again::{self, Came};
use super::budget::{Denied, Gate};
use super::ends::{self, End};
use super::journal::Journal;
use super::made::{Made, Trouble, Unbegun};
use super::record::{self, Ran};
use super::request::{self, Unfit};
use super::retry::{Dice, after_failures};
use super::{Worker, by_hand, orders, turned};
use crate::app::Loaded;

/// The ends of a run, its request as the mirror names its sides, and what was remembered.
struct Prepared {
    ends: Both<End>,
    request: Request,
    memory: Memory,
}

/// Tries.
pub(super) async fn attempt(
    worker: &Worker,
    claim: &Claim,
    journal: &Arc<Journal>,
) -> Result<Made, StoreError> {
    let loaded = worker.app.loaded();
    let mirror = mirror(&loaded, claim)?;
    match &claim.work {
        Work::Due(dues) => {
            let mirror = mirror.ok_or_else(|| gone(claim))?;
            due(worker, claim, journal, &loaded, mirror, dues).await
        }
        Work::Asked(run) => {
            journal.begin().await?;
            match &run.inputs.order {
                Some(order) => ordered(worker, claim, journal, &loaded, mirror, &run.inputs, order).await,
                None => asked(worker, claim, journal, &loaded, mirror, &run.inputs).await,
            }
        }
    }
}

/// The mirror of a claim; `None` for a one-off run. One that left the configuration in this moment is an error: the claim goes back.
fn mirror<'a>(loaded: &'a Loaded, claim: &Claim) -> Result<Option<&'a Arc<Mirror>>, StoreError> {
    match &claim.mirror {
        None => Ok(None),
        Some(name) => loaded.mirrors.get(name).map(Some).ok_or_else(|| gone(claim)),
    }
}

fn gone(claim: &Claim) -> StoreError {
    let name = claim.mirror.as_deref().unwrap_or_default();
    StoreError::Conflict(format!(
        "the mirror {name} left the configuration in this moment: nothing was asked of its hosts, and what is due waits until it is back"
    ))
}

async fn due(
    worker: &Worker,
    claim: &Claim,
    journal: &Arc<Journal>,
    loaded: &Loaded,
    mirror: &Arc<Mirror>,
    dues: &Dues,
) -> Result<Made, StoreError> {
    let names: Vec<RefName> = dues.names.keys().cloned().collect();
    let names = (!dues.all).then_some(names.as_slice());
    let memory = worker.app.store.memory(&mirror.name, names).await?;
    let ends = match ends::of_mirror(&loaded.config, mirror, &worker.app.secrets).await {
        Ok(ends) => ends,
        Err(unfit) => return unprepared(claim, journal, unfit, memory).await,
    };
    let request = request::of_due(mirror, endpoints(&ends), dues, &memory);
    if request.only.as_ref().is_some_and(|only| only.is_empty()) {
        // The scope was narrowed since it was told.
        return Ok(Made::nothing(Outcome::default(), memory));
    }
    // Others need not wait to see it begin, nor it for them.
    let begin = async {
        match record::is_sweep(dues) {
            true => Ok(()),
            false => journal.begin().await,
        }
    };
    let prepared = Prepared {
        ends,
        request,
        memory,
    };
    let (begun, made) = tokio::join!(begin, made(worker, claim, journal, Some(mirror), prepared));
    begun?;
    made
}

async fn asked(
    worker: &Worker,
    claim: &Claim,
    journal: &Arc<Journal>,
    loaded: &Loaded,
    mirror: Option<&Arc<Mirror>>,
    inputs: &Inputs,
) -> Result<Made, StoreError> {
    let (app, config) = (&worker.app, &loaded.config);
    let memory = match mirror {
        Some(mirror) => app.store.memory(&mirror.name, None).await?,
        None => Memory::default(),
    };
    let ends = match mirror {
        Some(mirror) => ends::of_mirror(config, mirror, &app.secrets).await,
        None => ends::of_one_off(config, inputs, &app.secrets).await,
    };
    let prepared = ends.and_then(|ends| {
        let endpoints = endpoints(&ends);
        let request = match mirror {
            Some(mirror) => request::of_asked(mirror, endpoints, inputs, &memory),
            None => request::of_one_off(endpoints, inputs, config.guard),
        };
        request.map(|request| (ends, request))
    });
    match prepared {
        Ok((ends, request)) => {
            let prepared = Prepared {
                ends,
                request,
                memory,
            };
            made(worker, claim, journal, mirror, prepared).await
        }
        Err(unfit) => unprepared(claim, journal, unfit, memory).await,
    }
}

/// Runs the engine once (twice if a secret was changed in the meantime), and says what is to be recorded.
async fn made(
    worker: &Worker,
    claim: &Claim,
    journal: &Arc<Journal>,
    mirror: Option<&Arc<Mirror>>,
    mut prepared: Prepared,
) -> Result<Made, StoreError> {
    let came = tried(worker, claim, journal, mirror, &mut prepared).await;
    recorded(claim, journal, mirror, &prepared, came).await
}

/// Runs the engine, and once more if a token was refused that is another by now.
async fn tried(
    worker: &Worker,
    claim: &Claim,
    journal: &Arc<Journal>,
    mirror: Option<&Arc<Mirror>>,
    prepared: &mut Prepared,
) -> Came {
    let first = run(worker, claim, journal, prepared).await;
    let asked = matches!(claim.work, Work::Asked(_));
    if !again::is_new_secret(&worker.app.secrets, asked, &first, &prepared.ends).await {
        return first;
    }
    let loaded = worker.app.loaded();
    let (config, secrets) = (&loaded.config, &worker.app.secrets);
    let ends = match (mirror, &claim.work) {
        (Some(mirror), _) => ends::of_mirror(config, mirror, secrets).await,
        (None, Work::Asked(run)) => ends::of_one_off(config, &run.inputs, secrets).await,
        (None, Work::Due(_)) => return first,
    };
    let Ok(ends) = ends else { return first };
    journal.note(
        "info",
        "the token was refused; it is another by now: trying again",
    );
    prepared.request.ends = endpoints(&ends);
    prepared.request.bases.extend(first.report.bases.clone());
    prepared.ends = ends;
    first.then(run(worker, claim, journal, prepared).await)
}

/// One run of the engine, turned around where the inputs say so.
async fn run(worker: &Worker, claim: &Claim, journal: &Arc<Journal>, prepared: &Prepared) -> Came {
    let turn = journal.is_turned();
    let Both { source, target } = &prepared.ends;
    let ends = match turn {
        false => Both { source, target },
        true => Both {
            source: target,
            target: source,
        },
    };
    let mut request = prepared.request.clone();
    request.recorder = Some(Arc::clone(journal) as Arc<dyn Recorder>);
    request.clients = worker.clients.clone();
    if turn {
        request = turned::request(request);
    }
    let gate = Arc::new(Gate::new(&worker.app, claim.mirror.as_deref(), ends, &request));
    request.hosts = Some(Arc::clone(&gate) as Arc<dyn Hosts>);
    let report = engine::run(&request, &journal.listener()).await;
    gate.leave();
    Came {
        report: match turn {
            true => turned::report(report),
            false => report,
        },
        denied: gate.denied(),
        verdicts: gate.verdicts(),
    }
}

/// Carries out an order, phase by phase; a phase that did not do all of it is the last.
async fn ordered(
    worker: &Worker,
    claim: &Claim,
    journal: &Arc<Journal>,
    loaded: &Loaded,
    mirror: Option<&Arc<Mirror>>,
    inputs: &Inputs,
    order: &store::run::Order,
) -> Result<Made, StoreError> {
    let app = &worker.app;
    let direction = mirror.map_or(Direction::OneWay, |mirror| mirror.direction);
    let prepared = match orders::phases(&app.store, order).await? {
        Ok(phases) => match orders::fits(&phases, direction) {
            Ok(()) => match mirror {
                Some(mirror) => ends::of_mirror(&loaded.config, mirror, &app.secrets).await,
                None => ends::of_one_off(&loaded.config, inputs, &app.secrets).await,
            }
            .map(|ends| (phases, ends)),
            Err(unfit) => Err(unfit),
        },
        Err(unfit) => Err(unfit),
    };
    let (phases, ends) = match prepared {
        Ok(prepared) => prepared,
        Err(unfit) => return unprepared(claim, journal, unfit, Memory::default()).await,
    };
    let names: Vec<RefName> = phases.iter().flat_map(|phase| phase.keys().cloned()).collect();
    let memory = match mirror {
        Some(mirror) => app.store.memory(&mirror.name, Some(&names)).await?,
        None => Memory::default(),
    };
    let all: std::collections::BTreeMap<RefName, Order> =
        phases.iter().flat_map(|phase| phase.clone()).collect();

    let mut prepared = Prepared {
        request: request::of_orders(
            mirror.map(|mirror| &**mirror),
            endpoints(&ends),
            &memory,
            all.clone(),
        ),
        ends,
        memory,
    };
    let mut whole = Came::default();
    for phase in phases {
        prepared.request.orders = phase;
        let Came {
            report,
            denied,
            verdicts,
        } = tried(worker, claim, journal, mirror, &mut prepared).await;
        let done = report.exit() == Exit::InSync;
        prepared.request.bases.extend(report.bases.clone());
        add(&mut whole.report, report);
        whole.denied = denied;
        whole.verdicts.extend(verdicts);
        if !done {
            break;
        }
    }
    prepared.request.orders = all;
    recorded(claim, journal, mirror, &prepared, whole).await
}

/// What two phases of one run came to together.
fn add(whole: &mut Report, phase: Report) {
    whole.references.extend(phase.references);
    whole.in_sync = whole.in_sync.max(phase.in_sync);
    whole.invalid_names = phase.invalid_names;
    whole.stages.extend(phase.stages);
    whole.bytes += phase.bytes;
    whole.error = phase.error;
    whole.scope = phase.scope;
    whole.bases.extend(phase.bases);
    whole.intents_done.extend(phase.intents_done);
}

async fn recorded(
    claim: &Claim,
    journal: &Arc<Journal>,
    mirror: Option<&Arc<Mirror>>,
    prepared: &Prepared,
    came: Came,
) -> Result<Made, StoreError> {
    let Came {
        report,
        denied,
        verdicts,
    } = came;
    match (&denied, &claim.work) {
        (Some(denied), Work::Due(_)) => {
            return Ok(Made::denied(denied, prepared.memory.clone(), verdicts));
        }
        // A person is told why, in the run they asked for; an order's phases before this one are recorded as they are.
        (Some(denied), Work::Asked(_)) if report.references.is_empty() => {
            let why = Unbegun::of_denied(denied, report.error.as_ref().map(|error| error.side));
            let made = unbegun(claim, journal, why, prepared.memory.clone()).await?;
            return Ok(Made { verdicts, ..made });
        }
        _ => {}
    }
    show_by_hand(journal, prepared, &report, denied.as_ref());
    let mut outcome = record::record(Ran {
        claim,
        mirror: mirror.map(|mirror| &**mirror),
        request: &prepared.request,
        memory: &prepared.memory,
        report: &report,
        run: journal.run().clone(),
        log: journal.take_lines(),
        now: journal.now(),
        dice: Dice::roll(),
    });
    if let Some(denied) = &denied {
        again::say_denied(&mut outcome, denied);
    }
    if outcome.run.is_some() {
        journal.begin().await?;
    }
    let trouble = match &denied {
        Some(denied) => Trouble::of_denied(denied),
        None => report
            .error
            .as_ref()
            .map(|error| Trouble::of(error, &prepared.ends))
            .or_else(|| Trouble::of_unwritten(&outcome)),
    };
    let is_all = outcome.all_in_sync.is_some() && outcome.retry_at.is_none();
    let is_kept = !report.dry_run && !journal.is_turned() && denied.is_none();
    Ok(Made {
        digest: report.digest.filter(|_| is_all && is_kept),
        outcome,
        memory: prepared.memory.clone(),
        verdicts,
        trouble,
    })
}

/// The commands that show the same by hand, for what was not written.
fn show_by_hand(journal: &Journal, prepared: &Prepared, report: &Report, denied: Option<&Denied>) {
    let url = |side: Side| &prepared.request.ends.of(side).url;
    if let Some(denied) = denied {
        journal.note("error", &denied.to_string());
    } else if let Some(error) = &report.error {
        journal.note("error", &error.to_string());
        if let Some(command) = by_hand::looking(url(error.side)) {
            journal.note("info", &by_hand::told(&command));
        }
    }
    let failed = report
        .references
        .iter()
        .filter(|one| one.exit() != Exit::InSync && one.old != one.new);
    for reference in failed.take(10) {
        if let Some(command) = by_hand::pushing(url(reference.to), reference) {
            journal.note("info", &by_hand::told(&command));
        }
    }
}

/// What cannot even begin, for a person to read.
async fn unprepared(
    claim: &Claim,
    journal: &Journal,
    unfit: Unfit,
    memory: Memory,
) -> Result<Made, StoreError> {
    unbegun(claim, journal, Unbegun::of_unfit(unfit), memory).await
}

/// A failed run for a person to read; what is due is tried again where that can help.
async fn unbegun(claim: &Claim, journal: &Journal, why: Unbegun, memory: Memory) -> Result<Made, StoreError> {
    journal.begin().await?;
    let now = journal.now();
    let Unbegun {
        side,
        kind,
        message,
        advice,
        trouble,
    } = why;
    journal.note("error", &message);
    let mut run: Run = record::refused_setup(journal.run().clone(), kind, message.clone(), advice, now);
    if let Some(fault) = &mut run.fault {
        fault.side = side.map(|side| side.to_string());
    }
    let retry_at = match &claim.work {
        Work::Due(dues) => Some(now + after_failures(dues.failures.saturating_add(1), Dice::roll())),
        Work::Asked(_) => None,
    };
    let outcome = Outcome {
        run: Some(Finished {
            run,
            references: Vec::new(),
            log: journal.take_lines(),
        }),
        retry_at,
        error: Some(message),
        ..Outcome::default()
    };
    Ok(Made {
        trouble,
        ..Made::nothing(outcome, memory)
    })
}

fn endpoints(ends: &Both<End>) -> Both<engine::request::Endpoint> {
    Both {
        source: ends.source.endpoint.clone(),
        target: ends.target.endpoint.clone(),
    }
}
