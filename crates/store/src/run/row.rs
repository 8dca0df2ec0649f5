//! A run as a row.

use gitwire::RefName;

use crate::codec::{from_json, from_word, json, maybe_oid, oid_value, parse_side, ref_name, side_word, word};
use crate::db::{Row, Tx, Value, args, unreadable};
use crate::run::{Finished, Run, RunRef};
use crate::{StoreError, Time};

pub(crate) fn from_row(row: &Row) -> Result<Run, StoreError> {
    let fault = match row.maybe_text("fault")? {
        None => None,
        Some(_) => Some(from_json(row, "fault")?),
    };
    let exit = row.maybe_int("exit_code")?;
    let exit = exit
        .map(|exit| u8::try_from(exit).map_err(|_| unreadable("exit_code", &exit.to_string())))
        .transpose()?;
    Ok(Run {
        id: row.text("id")?,
        mirror: row.maybe_text("mirror")?,
        trigger: row.text("cause")?,
        actor: row.maybe_text("actor")?,
        inputs: from_json(row, "inputs")?,
        state: from_word(row, "state")?,
        created: row.time("created")?,
        started: row.maybe_time("started")?,
        ended: row.maybe_time("ended")?,
        worker: row.maybe_text("worker")?,
        stages: from_json(row, "stages")?,
        bytes: row.count("bytes")?,
        written: row.count("written")?,
        in_sync: row.count("in_sync")?,
        exit,
        fault,
        of: row.maybe_text("of_run")?,
        attempt: row.count("attempt")?,
    })
}

fn big(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Writes a run's row; `asked` says that it comes from a person, and is kept if the row is there.
pub(crate) async fn save(tx: &mut Tx, run: &Run, asked: bool) -> Result<(), StoreError> {
    let row = args![
        &run.id,
        &run.mirror,
        &run.trigger,
        &run.actor,
        json(&run.inputs),
        word(run.state),
        asked,
        run.created,
        run.started,
        run.ended,
        &run.worker,
        json(&run.stages),
        big(run.bytes),
        run.written,
        big(run.in_sync),
        run.exit.map(i64::from),
        run.fault.as_ref().map(json),
        &run.of,
        run.attempt,
    ];
    tx.insert(
        "INSERT INTO runs (id, mirror, cause, actor, inputs, state, asked, created, started, ended, worker, stages, bytes, \
           written, in_sync, exit_code, fault, of_run, attempt)",
        vec![row],
        "ON CONFLICT (id) DO UPDATE SET cause = excluded.cause, actor = excluded.actor, inputs = excluded.inputs, \
           state = excluded.state, started = excluded.started, ended = excluded.ended, worker = excluded.worker, \
           stages = excluded.stages, bytes = excluded.bytes, written = excluded.written, in_sync = excluded.in_sync, \
           exit_code = excluded.exit_code, fault = excluded.fault, of_run = excluded.of_run, attempt = excluded.attempt",
    )
    .await
}

/// Records a run that ended, its references and what is not yet stored of its log.
pub(crate) async fn record(tx: &mut Tx, finished: &Finished, now: Time) -> Result<(), StoreError> {
    let mut run = finished.run.clone();
    run.ended = Some(run.ended.unwrap_or(now));
    save(tx, &run, false).await?;
    let sql = "UPDATE runs SET claim_by = NULL, claim_until = NULL WHERE id = $1 AND claim_by IS NOT NULL";
    tx.exec(sql, args![&run.id]).await?;
    // PostgreSQL refuses a statement that writes a row twice: the last word on a reference and side is kept.
    let references: std::collections::BTreeMap<(&RefName, &str), &RunRef> = finished
        .references
        .iter()
        .map(|reference| ((&reference.name, side_word(reference.to)), reference))
        .collect();
    // What an attempt that was cut had replaced stays written down when the next one finds it done.
    let rows = references
        .into_values()
        .map(|reference| ref_row(&run.id, reference))
        .collect();
    tx.insert(
        "INSERT INTO run_refs (run, name, side, old, new, outcome, words, remote, replaced)",
        rows,
        "ON CONFLICT (run, name, side) DO UPDATE SET old = excluded.old, new = excluded.new, outcome = excluded.outcome, \
           words = excluded.words, remote = excluded.remote, replaced = excluded.replaced \
         WHERE NOT (run_refs.outcome = 'unknown' AND run_refs.replaced = 1 AND excluded.outcome IN ('up-to-date', 'already-there'))",
    )
    .await?;
    super::log::append(tx, &run.id, &finished.log).await
}

fn ref_row(run: &str, reference: &RunRef) -> Vec<Value> {
    args![
        run,
        &reference.name,
        side_word(reference.to),
        oid_value(reference.old),
        oid_value(reference.new),
        &reference.outcome,
        &reference.text,
        &reference.remote,
        reference.replaced,
    ]
}

pub(crate) fn run_ref(row: &Row) -> Result<RunRef, StoreError> {
    Ok(RunRef {
        name: ref_name(row, "name")?,
        to: parse_side(&row.text("side")?)?,
        old: maybe_oid(row, "old")?,
        new: maybe_oid(row, "new")?,
        outcome: row.text("outcome")?,
        text: row.text("words")?,
        remote: row.maybe_text("remote")?,
        replaced: row.flag("replaced")?,
    })
}
