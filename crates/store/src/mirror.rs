//! Mirrors: those of the file, as far as the queue must know them, and those made over the API.

use std::collections::BTreeMap;

mod adopt;
pub mod force;
mod keys;
mod made;

use crate::codec::{from_json, from_word, word};
use crate::db::{Row, Tx, Value, args};
use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

pub use keys::Key;

/// A mirror of a configuration, as a process tells it to the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// What decides how it runs: a worker claims only what equals its own.
    pub fingerprint: String,
    /// To select by.
    pub labels: BTreeMap<String, String>,
    /// Normalised address of the source, its path in the case it was written in. A change of either drops the bases.
    pub source_url: String,
    /// Normalised address of the target.
    pub target_url: String,
    /// Milliseconds between sweeps; `None` for none.
    pub sweep_ms: Option<i64>,
    /// When it is run by the clock, beside sweeps: a cron expression.
    pub schedule: Option<String>,
    /// Both ways.
    pub two_way: bool,
    /// Run only when a person or a program asks: it is not due when it is new, when it changed, or when a copy was put back.
    pub by_hand: bool,
}

/// A mirror made over the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// Its definition, as JSON.
    pub spec: String,
    /// Changes with each change: what an edit expects.
    pub version: i64,
}

/// How a mirror is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Nothing was seen yet.
    New,
    /// Both sides agree, as of the last look.
    InSync,
    /// Something is due, or a run is under way.
    Moving,
    /// A person must decide: conflicts, held runs, refused references.
    Waiting,
    /// The last run failed.
    Failed,
    /// By a person.
    Paused,
    /// It is not in the configuration any more.
    Parked,
}

/// A mirror with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// As configured.
    pub known: Known,
    /// How it is.
    pub health: Health,
    /// First sight of the oldest change that is not on the other side yet; what waits for a person, such as a conflict, counts, too.
    pub behind_since: Option<Time>,
    /// When both sides were last seen equal.
    pub in_sync_at: Option<Time>,
    /// When a reference was last written.
    pub changed_at: Option<Time>,
    /// The run under way or the last one.
    pub last_run: Option<String>,
    /// How often in a row it failed.
    pub failures: u32,
    /// The last failure, a line.
    pub error: Option<String>,
    /// When it will be tried again.
    pub next_at: Option<Time>,
    /// Open conflicts.
    pub conflicts: u32,
    /// Runs that wait for approval.
    pub held: u32,
    /// References that a host or refsync refuses to write, until a side changes.
    pub refused: u32,
    /// Why the one of them that waits longest is refused, for people.
    pub refusal: Option<String>,
    /// References in scope, as of the last full look; `None` before the first.
    pub references: Option<u64>,
    /// Who paused it, when.
    pub paused: Option<(String, Time)>,
}

/// Which mirrors.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// All of these labels.
    pub labels: BTreeMap<String, String>,
    /// Any of these states; all if empty.
    pub health: Vec<Health>,
    /// Part of the name or an address, without regard to case.
    pub search: Option<String>,
    /// Also those that the configuration does not have any more.
    pub parked: bool,
}

impl Store {
    /// One mirror.
    pub async fn mirror(&self, name: &str) -> Result<Overview, StoreError> {
        let row = self
            .db()
            .first(
                sqlx::AssertSqlSafe(format!("{OVERVIEW} WHERE m.name = $1")),
                args![name],
            )
            .await?;
        overview(&row.ok_or_else(|| missing(name))?)
    }

    /// Mirrors by name.
    pub async fn mirrors(&self, filter: &Filter, ask: &Ask) -> Result<Page<Overview>, StoreError> {
        let mut values = args![ask.key::<String>()?.unwrap_or_default(), ask.fetch()];
        let fits = conditions(filter, &mut values);
        let sql = format!("{OVERVIEW} WHERE m.name > $1{fits} ORDER BY m.name LIMIT $2");
        let rows = self.db().rows(sqlx::AssertSqlSafe(sql), values).await?;
        let items = rows.iter().map(overview).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, ask, |item| item.known.name.clone()))
    }

    /// How many mirrors are in each state.
    pub async fn mirror_counts(&self) -> Result<BTreeMap<Health, u64>, StoreError> {
        let rows = self
            .db()
            .rows(
                "SELECT health, count(*) AS mirrors FROM mirrors GROUP BY health",
                vec![],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((from_word(row, "health")?, row.count("mirrors")?)))
            .collect()
    }

    /// Pauses, or ends the pause.
    pub async fn set_paused(&self, name: &str, by: Option<&str>, now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let changed = match by {
            // Who paused first stays: pausing twice is no change.
            Some(by) => {
                let sql = "UPDATE mirrors SET paused_by = coalesce(paused_by, $2), paused_at = coalesce(paused_at, $3) WHERE name = $1";
                tx.exec(sql, args![name, by, now]).await?
            }
            None => {
                let sql = "UPDATE mirrors SET paused_by = NULL, paused_at = NULL WHERE name = $1";
                tx.exec(sql, args![name]).await?
            }
        };
        if changed == 0 {
            return Err(missing(name));
        }
        set_health(&mut tx, name).await?;
        self.commit_and_wake(tx).await
    }
}

/// What the rows of `m` must fulfil beside a condition that is there already; its values go behind those that are there.
fn conditions(filter: &Filter, values: &mut Vec<Value>) -> String {
    let mut sql = String::new();
    let mut place = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    if !filter.parked && !filter.health.contains(&Health::Parked) {
        sql.push_str(" AND m.parked = 0");
    }
    if !filter.health.is_empty() {
        let places: Vec<String> = filter
            .health
            .iter()
            .map(|health| place(word(health).into()))
            .collect();
        sql.push_str(&format!(" AND m.health IN ({})", places.join(",")));
    }
    for (label, value) in &filter.labels {
        let (label, value) = (place(label.into()), place(value.into()));
        sql.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM mirror_labels l WHERE l.mirror = m.name AND l.label = {label} AND l.value = {value})"
        ));
    }
    if let Some(search) = filter.search.as_deref().filter(|search| !search.is_empty()) {
        let pattern = place(contains(search).into());
        sql.push_str(&format!(" AND m.sought LIKE {pattern} ESCAPE '!'"));
    }
    sql
}

const OVERVIEW: &str = "SELECT m.name, m.fingerprint, m.labels, m.source_url, m.target_url, m.sweep_ms, m.schedule, m.two_way, m.by_hand, \
     m.paused_by, m.paused_at, m.due_at, m.failures, m.error, m.health, m.behind_since, m.in_sync_at, m.changed_at, \
     m.last_run, m.conflicts, m.held, m.refs, m.refs_known, \
     CASE WHEN m.waiting = 0 THEN 0 ELSE (SELECT count(*) FROM standing s WHERE s.mirror = m.name \
       AND s.why IN ('rejected', 'refused')) END AS refused, \
     CASE WHEN m.waiting = 0 THEN NULL ELSE (SELECT s.words FROM standing s WHERE s.mirror = m.name \
       AND s.why IN ('rejected', 'refused') ORDER BY s.since, s.name LIMIT 1) END AS refusal \
     FROM mirrors m";

fn overview(row: &Row) -> Result<Overview, StoreError> {
    let paused = match (row.maybe_text("paused_by")?, row.maybe_time("paused_at")?) {
        (Some(by), Some(at)) => Some((by, at)),
        _ => None,
    };
    Ok(Overview {
        known: Known {
            name: row.text("name")?,
            fingerprint: row.text("fingerprint")?,
            labels: from_json(row, "labels")?,
            source_url: row.text("source_url")?,
            target_url: row.text("target_url")?,
            sweep_ms: row.maybe_int("sweep_ms")?,
            schedule: row.maybe_text("schedule")?,
            two_way: row.flag("two_way")?,
            by_hand: row.flag("by_hand")?,
        },
        health: from_word(row, "health")?,
        behind_since: row.maybe_time("behind_since")?,
        in_sync_at: row.maybe_time("in_sync_at")?,
        changed_at: row.maybe_time("changed_at")?,
        last_run: row.maybe_text("last_run")?,
        failures: row.count("failures")?,
        error: row.maybe_text("error")?,
        next_at: row.maybe_time("due_at")?,
        conflicts: row.count("conflicts")?,
        held: row.count("held")?,
        refused: row.count("refused")?,
        refusal: row.maybe_text("refusal")?,
        references: match row.flag("refs_known")? {
            true => Some(row.count("refs")?),
            false => None,
        },
        paused,
    })
}

pub(crate) fn missing(name: &str) -> StoreError {
    StoreError::NotFound {
        what: format!("mirror {name}"),
    }
}

/// A pattern for LIKE that finds a text anywhere.
fn contains(text: &str) -> String {
    let escaped = text
        .to_lowercase()
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}

/// Counts what stands, and says how the mirror is, from everything else in its row: kept, so that an overview of thousands is one query.
/// A sweep that is due does not make it `moving`: it was in sync as of the last look.
pub(crate) async fn set_health(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    tx.exec(
        "UPDATE mirrors SET health = CASE \
           WHEN parked = 1 THEN 'parked' \
           WHEN paused_by IS NOT NULL THEN 'paused' \
           WHEN failures > 0 OR error IS NOT NULL THEN 'failed' \
           WHEN waiting > 0 THEN 'waiting' \
           WHEN claim_run IS NOT NULL THEN 'moving' \
           WHEN EXISTS (SELECT 1 FROM due d WHERE d.mirror = mirrors.name AND length(d.name) > 0) THEN 'moving' \
           WHEN EXISTS (SELECT 1 FROM runs r WHERE r.mirror = mirrors.name AND r.state = 'queued') THEN 'moving' \
           WHEN in_sync_at IS NULL THEN 'new' \
           ELSE 'in-sync' END \
         WHERE name = $1",
        args![name],
    )
    .await?;
    Ok(())
}

/// Counts what stands in a mirror, and the first sight of the oldest change that is not on the other side.
pub(crate) async fn count_standing(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    tx.exec(
        "UPDATE mirrors SET \
           conflicts = (SELECT count(*) FROM standing s WHERE s.mirror = mirrors.name AND s.why = 'conflict'), \
           held = (SELECT count(DISTINCT s.run) FROM standing s WHERE s.mirror = mirrors.name AND s.why = 'held'), \
           waiting = (SELECT count(*) FROM standing s WHERE s.mirror = mirrors.name \
             AND s.why IN ('conflict', 'held', 'rejected', 'refused')), \
           behind_since = (SELECT min(since) FROM ( \
             SELECT d.since AS since FROM due d WHERE d.mirror = mirrors.name AND length(d.name) > 0 \
             UNION ALL \
             SELECT s.since AS since FROM standing s WHERE s.mirror = mirrors.name \
               AND s.why IN ('conflict', 'held', 'rejected', 'refused')) AS waits) \
         WHERE name = $1",
        args![name],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
