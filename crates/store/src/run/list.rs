//! Runs: asked for, begun, looked at, cancelled.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;

use crate::codec::{from_word, word};
use crate::db::{Value, args};
use crate::mirror::{missing, set_health};
use crate::page::{Ask, Page};
use crate::queue::{Claim, Work, hold};
use crate::run::row::{run_ref, save};
use crate::run::{Filter, Run, RunRef, State, from_row};
use crate::{Store, StoreError, Time};

fn no_run(id: &str) -> StoreError {
    StoreError::NotFound {
        what: format!("run {id}"),
    }
}

/// The shortest beginning of an id that is looked up.
const PREFIX: usize = 6;

impl Store {
    /// Puts a run into the queue, in state `queued`, and wakes the workers.
    pub async fn ask_run(&self, run: &Run, _now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Some(mirror) = &run.mirror {
            let sql = "SELECT name FROM mirrors WHERE name = $1";
            tx.locked(sql, args![mirror])
                .await?
                .ok_or_else(|| missing(mirror))?;
        }
        let queued = Run {
            state: State::Queued,
            ..run.clone()
        };
        save(&mut tx, &queued, true).await?;
        if let Some(mirror) = &run.mirror {
            set_health(&mut tx, mirror).await?;
        }
        self.commit_and_wake(tx).await
    }

    /// The mirrors with a run that was asked for and has not ended.
    pub async fn asked_mirrors(&self) -> Result<BTreeSet<String>, StoreError> {
        let sql = "SELECT DISTINCT mirror FROM runs WHERE state IN ('queued', 'running') AND asked = 1 AND mirror IS NOT NULL";
        let rows = self.db().rows(sql, args![]).await?;
        rows.iter().map(|row| row.text("mirror")).collect()
    }

    /// Writes down that a run is under way (also one that `claim` gave). Fenced by the claim.
    pub async fn begin_run(&self, claim: &Claim, run: &Run) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        hold(&mut tx, claim).await?;
        let running = Run {
            state: State::Running,
            ..run.clone()
        };
        save(&mut tx, &running, matches!(claim.work, Work::Asked(_))).await?;
        if let Some(mirror) = &claim.mirror {
            let sql = "UPDATE mirrors SET claim_run = $2, last_run = $2 WHERE name = $1";
            tx.exec(sql, args![mirror, &run.id]).await?;
            set_health(&mut tx, mirror).await?;
        }
        tx.commit().await
    }

    /// One run. A unique beginning of its id of at least 6 characters does, too; several matches are a conflict that names them.
    pub async fn run(&self, id: &str) -> Result<Run, StoreError> {
        let exact = self
            .db()
            .first("SELECT * FROM runs WHERE id = $1", args![id])
            .await?;
        if let Some(row) = exact {
            return from_row(&row);
        }
        let wanted = id.to_ascii_lowercase();
        if wanted.len() < PREFIX
            || !wanted
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        {
            return Err(no_run(id));
        }
        let found = self
            .db()
            .rows(
                // `g` is greater than every character of an id.
                "SELECT * FROM runs WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 6",
                args![&wanted, format!("{wanted}g")],
            )
            .await?;
        match found.as_slice() {
            [] => Err(no_run(id)),
            [row] => from_row(row),
            several => {
                let ids = several
                    .iter()
                    .map(|row| row.text("id"))
                    .collect::<Result<Vec<_>, _>>()?;
                Err(StoreError::Conflict(format!(
                    "several runs begin with {id}: {}",
                    ids.join(", ")
                )))
            }
        }
    }

    /// Its references, by name.
    pub async fn run_refs(&self, id: &str, ask: &Ask) -> Result<Page<RunRef>, StoreError> {
        let (name, side) = ask.key::<(String, String)>()?.unwrap_or_default();
        let name = hex::decode(&name).map_err(|_| StoreError::NotFound {
            what: "the page after this cursor".to_owned(),
        })?;
        let rows = self
            .db()
            .rows(
                "SELECT * FROM run_refs WHERE run = $1 AND (name, side) > ($2, $3) ORDER BY name, side LIMIT $4",
                args![id, name, side, ask.fetch()],
            )
            .await?;
        let items = rows.iter().map(run_ref).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, ask, |item| {
            let name = hex::encode(item.name.as_bytes());
            (name, crate::codec::side_word(item.to).to_owned())
        }))
    }

    /// Those of its references that ended in one of these ways, by name: the first 500 at most.
    pub async fn run_refs_with(
        &self,
        id: &str,
        outcomes: &[&str],
        limit: u32,
    ) -> Result<Vec<RunRef>, StoreError> {
        let places: Vec<String> = (3..outcomes.len() + 3)
            .map(|number| format!("${number}"))
            .collect();
        let sql = format!(
            "SELECT * FROM run_refs WHERE run = $1 AND outcome IN ({}) ORDER BY name, side LIMIT $2",
            places.join(",")
        );
        let mut values = args![id, limit.min(500)];
        values.extend(outcomes.iter().map(|outcome| Value::from(*outcome)));
        let rows = self.db().rows(AssertSqlSafe(sql), values).await?;
        rows.iter().map(run_ref).collect()
    }

    /// How many of its references ended in each way.
    pub async fn run_outcomes(&self, id: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        let sql = "SELECT outcome, count(*) AS total FROM run_refs WHERE run = $1 GROUP BY outcome";
        let rows = self.db().rows(sql, args![id]).await?;
        rows.iter()
            .map(|row| Ok((row.text("outcome")?, row.count("total")?)))
            .collect()
    }

    /// Whether it replaced or removed the value of any of its references: what an undo puts back.
    pub async fn run_replaced(&self, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT name FROM run_refs WHERE run = $1 AND replaced = 1 LIMIT 1";
        Ok(self.db().first(sql, args![id]).await?.is_some())
    }

    /// The last run of a mirror before that one that went well, dry runs left out.
    pub async fn last_good_run(&self, mirror: &str, before: &str) -> Result<Option<Run>, StoreError> {
        // Dry runs are told by their inputs alone: of so many in a row a good one would not be found.
        let sql = "SELECT * FROM runs WHERE mirror = $1 AND id < $2 AND state = $3 ORDER BY id DESC LIMIT 50";
        let rows = self
            .db()
            .rows(sql, args![mirror, before, word(State::Succeeded)])
            .await?;
        for row in &rows {
            let run = from_row(row)?;
            if !run.inputs.dry_run {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    /// Runs, newest first.
    pub async fn runs(&self, filter: &Filter, ask: &Ask) -> Result<Page<Run>, StoreError> {
        let mut values = args![ask.fetch()];
        let mut sql = "SELECT * FROM runs WHERE 1 = 1".to_owned();
        let mut place = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        if let Some(after) = ask.key::<String>()? {
            sql.push_str(&format!(" AND id < {}", place(after.into())));
        }
        if let Some(mirror) = &filter.mirror {
            sql.push_str(&format!(" AND mirror = {}", place(mirror.into())));
        }
        if !filter.states.is_empty() {
            let places: Vec<String> = filter
                .states
                .iter()
                .map(|state| place(word(state).into()))
                .collect();
            sql.push_str(&format!(" AND state IN ({})", places.join(",")));
        }
        if let Some(since) = filter.since {
            sql.push_str(&format!(" AND created >= {}", place(since.into())));
        }
        sql.push_str(" ORDER BY id DESC LIMIT $1");
        let rows = self.db().rows(AssertSqlSafe(sql), values).await?;
        let items = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, ask, |item| item.id.clone()))
    }

    /// The runs under way that somebody wants to end.
    pub async fn cancelled_runs(&self) -> Result<BTreeSet<String>, StoreError> {
        let sql = "SELECT id FROM runs WHERE state = 'running' AND cancel_by IS NOT NULL";
        let rows = self.db().rows(sql, vec![]).await?;
        rows.iter().map(|row| row.text("id")).collect()
    }

    /// Wishes the end of a run: a queued one ends at once, one under way as soon as its worker asks for [`Store::cancelled_runs`]. One
    /// that ended already is left as it is.
    pub async fn cancel_run(&self, id: &str, by: &str, now: Time) -> Result<State, StoreError> {
        let mirror = self
            .db()
            .first("SELECT mirror FROM runs WHERE id = $1", args![id])
            .await?
            .ok_or_else(|| no_run(id))?
            .maybe_text("mirror")?;
        let mut tx = self.begin().await?;
        // The mirror before the run, in this order everywhere.
        if let Some(mirror) = &mirror {
            tx.locked("SELECT name FROM mirrors WHERE name = $1", args![mirror])
                .await?;
        }
        let sql = "UPDATE runs SET state = 'cancelled', ended = $2, cancel_by = $3 WHERE id = $1 AND state = 'queued'";
        if tx.exec(sql, args![id, now, by]).await? == 0 {
            let sql = "UPDATE runs SET cancel_by = $2 WHERE id = $1 AND state = 'running'";
            tx.exec(sql, args![id, by]).await?;
        }
        let row = tx
            .first("SELECT state FROM runs WHERE id = $1", args![id])
            .await?
            .ok_or_else(|| no_run(id))?;
        let state = from_word(&row, "state")?;
        if let Some(mirror) = &mirror {
            set_health(&mut tx, mirror).await?;
        }
        self.commit_and_wake(tx).await?;
        Ok(state)
    }
}
