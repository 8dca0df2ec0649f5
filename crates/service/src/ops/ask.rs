//! Runs that people ask for: by hand, again, to release what is held, to put back what was replaced, to settle a conflict.

use store::run::{Inputs, Order, Run, State};
use store::token::Role;

use super::{Caller, OpError, inputs};
use crate::api::model::conflict::ResolveRequest;
use crate::api::model::run::{OneOffRequest, RunRequest, RunState};
use crate::api::model::{name_of_text, name_text};
use crate::app::App;
use crate::live::Happened;

/// Why a token with a label makes no one-off runs.
const LIMITED: &str = "a token that is limited to a label makes runs of its mirrors alone";

/// Runs a mirror.
pub(crate) async fn run(
    app: &App,
    caller: &Caller,
    name: &str,
    request: &RunRequest,
) -> Result<Run, OpError> {
    caller.may(Role::Operate)?;
    let found = caller.mirror(app, name).await?;
    let inputs = inputs::of_mirror(found.configured()?, request)?;
    queue(app, caller, Some(name), "person", inputs, None).await
}

/// Runs without a mirror.
pub(crate) async fn one_off(app: &App, caller: &Caller, request: &OneOffRequest) -> Result<Run, OpError> {
    caller.may(Role::Operate)?;
    caller.unlimited(LIMITED)?;
    let inputs = inputs::of_one_off(&app.loaded().config, request)?;
    queue(app, caller, None, "person", inputs, None).await
}

/// Runs again with the same inputs.
pub(crate) async fn rerun(app: &App, caller: &Caller, id: &str) -> Result<Run, OpError> {
    caller.may(Role::Operate)?;
    let run = caller.run(app, id).await?;
    over(&run)?;
    if run.inputs.order.is_some() {
        return Err(OpError::Conflict(format!(
            "run {} carried out an order, which was leased on what both sides had then: give the order anew",
            run.id
        )));
    }
    let inputs = match &run.mirror {
        // It may have another direction or scope by now.
        Some(mirror) => inputs::again(caller.mirror(app, mirror).await?.configured()?, &run.inputs)?,
        None => run.inputs.clone(),
    };
    queue(app, caller, run.mirror.as_deref(), "rerun", inputs, Some(&run)).await
}

/// Does in earnest what a dry run showed: the same inputs, decided anew from what is there then.
pub(crate) async fn in_earnest(app: &App, caller: &Caller, id: &str) -> Result<Run, OpError> {
    caller.may(Role::Operate)?;
    let run = caller.run(app, id).await?;
    over(&run)?;
    let (true, Some(mirror)) = (run.inputs.dry_run, &run.mirror) else {
        return Err(OpError::Conflict(format!(
            "run {} was no dry run of a mirror: run the mirror",
            run.id
        )));
    };
    let inputs = Inputs {
        dry_run: false,
        ..inputs::again(caller.mirror(app, mirror).await?.configured()?, &run.inputs)?
    };
    queue(app, caller, Some(mirror), "person", inputs, Some(&run)).await
}

/// Releases what a run holds.
pub(crate) async fn approve(app: &App, caller: &Caller, id: &str) -> Result<Run, OpError> {
    let run = approvable(app, caller, id).await?;
    let order = Order::Approve { run: run.id.clone() };
    ordered(app, caller, &run, "approve", order).await
}

/// A run that the caller may approve: what it held still waits, with the values that it shows.
pub(crate) async fn approvable(app: &App, caller: &Caller, id: &str) -> Result<Run, OpError> {
    caller.may(Role::Operate)?;
    let run = caller.run(app, id).await?;
    if run.state != State::Held {
        return Err(OpError::Conflict(format!(
            "run {} holds nothing: it is {}",
            run.id,
            RunState::from(run.state).word()
        )));
    }
    earnest(&run)?;
    // Without a mirror nothing remembers what waits but the run itself.
    let Some(mirror) = &run.mirror else {
        return Ok(run);
    };
    let holders = app.store.holders(mirror, &run.id).await?;
    match holders.first() {
        Some(first) if first.run == run.id => Ok(run),
        // Another run may hold more, or the other direction, than whoever looks at this one was shown.
        Some(_) => {
            let holders: Vec<String> = holders.into_iter().map(|one| one.run).collect();
            Err(OpError::Conflict(format!(
                "what run {} held or met again waits under another run, with what that one shows: look at it and approve it: {}",
                run.id,
                holders.join(", ")
            )))
        }
        None => Err(OpError::Conflict(format!(
            "run {} holds nothing any more: it was approved, or a side changed since",
            run.id
        ))),
    }
}

/// Puts back what a run replaced or removed.
pub(crate) async fn undo(app: &App, caller: &Caller, id: &str) -> Result<Run, OpError> {
    let run = caller.run(app, id).await?;
    undoable(app, caller, &run).await?;
    let order = Order::Undo { run: run.id.clone() };
    ordered(app, caller, &run, "undo", order).await
}

/// An error unless the caller may undo the run.
pub(crate) async fn undoable(app: &App, caller: &Caller, run: &Run) -> Result<(), OpError> {
    caller.may(Role::Operate)?;
    over(run)?;
    earnest(run)?;
    if app.store.run_replaced(&run.id).await? {
        return Ok(());
    }
    Err(OpError::Conflict(format!(
        "run {} replaced and removed nothing: there is nothing to put back",
        run.id
    )))
}

/// Ends a run that is queued or under way, and gives it as it is then.
pub(crate) async fn cancel(app: &App, caller: &Caller, id: &str) -> Result<Run, OpError> {
    caller.may(Role::Operate)?;
    let before = caller.run(app, id).await?;
    if RunState::from(before.state).is_over() {
        return Err(OpError::Conflict(format!(
            "run {} has ended: {}",
            before.id,
            RunState::from(before.state).word()
        )));
    }
    let state = app
        .store
        .cancel_run(&before.id, &caller.token.name, app.store.now())
        .await?;
    app.live.tell(Happened::Run {
        id: before.id.clone(),
        mirror: before.mirror.clone(),
        state,
    });
    let (was, now) = (RunState::from(before.state), RunState::from(state));
    let subject = subject(before.mirror.as_deref(), &before.id);
    caller.did(app, "run.cancel", subject, Some(was), Some(now)).await;
    Ok(app.store.run(&before.id).await?)
}

/// Settles a conflict.
pub(crate) async fn resolve(
    app: &App,
    caller: &Caller,
    name: &str,
    request: &ResolveRequest,
) -> Result<Run, OpError> {
    caller.may(Role::Operate)?;
    let conflict = super::conflicts::show(app, caller, name, &request.reference).await?;
    if !conflict.choices.contains(&request.take) {
        return Err(OpError::Conflict(
            "a one-way mirror never writes its source: take `source`".into(),
        ));
    }
    if request.keep_both && conflict.choices.len() == 1 {
        return Err(OpError::Conflict(
            "a one-way mirror never writes its source, so that the other value cannot be parked on both sides".into(),
        ));
    }
    if let Some(shown) = &request.shown
        && (&shown.source, &shown.target) != (&conflict.source, &conflict.target)
    {
        return Err(OpError::Conflict(format!(
            "{} has changed since it was shown: look again",
            conflict.reference
        )));
    }
    let inputs = inputs::of_mirror(
        caller.mirror(app, name).await?.configured()?,
        &RunRequest::default(),
    )?;
    // As it was typed, or as pages and answers write it: a name need not be UTF-8.
    let reference =
        name_of_text(&request.reference).map_or_else(|| request.reference.clone(), |name| name_text(&name));
    let order = Order::Resolve {
        reference: reference.clone(),
        take: request.take.to_string(),
        keep_both: request.keep_both,
        source: conflict.source,
        target: conflict.target,
    };
    let inputs = Inputs {
        references: vec![reference],
        order: Some(order),
        ..inputs
    };
    queue(app, caller, Some(name), "resolve", inputs, None).await
}

async fn ordered(app: &App, caller: &Caller, run: &Run, trigger: &str, order: Order) -> Result<Run, OpError> {
    configured(app, caller, run).await?;
    let inputs = Inputs {
        order: Some(order),
        told: Vec::new(),
        ..run.inputs.clone()
    };
    queue(app, caller, run.mirror.as_deref(), trigger, inputs, Some(run)).await
}

/// An error if the mirror of a run is parked.
async fn configured(app: &App, caller: &Caller, run: &Run) -> Result<(), OpError> {
    if let Some(mirror) = &run.mirror {
        caller.mirror(app, mirror).await?.configured()?;
    }
    Ok(())
}

fn over(run: &Run) -> Result<(), OpError> {
    let state = RunState::from(run.state);
    if state.is_over() {
        Ok(())
    } else {
        Err(OpError::Conflict(format!(
            "run {} is {}: wait for its end",
            run.id,
            state.word()
        )))
    }
}

fn earnest(run: &Run) -> Result<(), OpError> {
    match run.inputs.dry_run {
        false => Ok(()),
        true => Err(OpError::Conflict(format!(
            "run {} was a dry run: it wrote nothing and holds nothing",
            run.id
        ))),
    }
}

async fn queue(
    app: &App,
    caller: &Caller,
    mirror: Option<&str>,
    trigger: &str,
    inputs: Inputs,
    of: Option<&Run>,
) -> Result<Run, OpError> {
    let now = app.store.now();
    let run = Run {
        id: uuid::Uuid::now_v7().to_string(),
        mirror: mirror.map(str::to_owned),
        trigger: trigger.to_owned(),
        actor: Some(caller.token.name.clone()),
        inputs,
        state: State::Queued,
        created: now,
        started: None,
        ended: None,
        worker: None,
        stages: Vec::new(),
        bytes: 0,
        written: 0,
        in_sync: 0,
        exit: None,
        fault: None,
        of: of.map(|run| run.id.clone()),
        attempt: if trigger == "rerun" {
            of.map_or(1, |run| run.attempt.saturating_add(1))
        } else {
            1
        },
    };
    app.store.ask_run(&run, now).await?;
    app.live.tell(Happened::Run {
        id: run.id.clone(),
        mirror: run.mirror.clone(),
        state: run.state,
    });
    let action = match trigger {
        "person" => "run.create",
        "rerun" => "run.rerun",
        "approve" => "run.approve",
        "undo" => "run.undo",
        _ => "conflict.resolve",
    };
    let subject = subject(mirror, &run.id);
    let shown = super::show::run(run.clone());
    caller
        .did(app, action, subject, of.map(|run| run.id.clone()), Some(&shown))
        .await;
    Ok(run)
}

/// Runs of a mirror are recorded with it, so that who sees the mirror sees what was done to it.
fn subject(mirror: Option<&str>, run: &str) -> String {
    match mirror {
        Some(mirror) => format!("mirror {mirror}"),
        None => format!("run {run}"),
    }
}
