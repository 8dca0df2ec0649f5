//! Taking over a configuration: what is new, changed, missing.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::codec::json;
use crate::db::{Tx, Value, args};
use crate::mirror::{Known, set_health};
use crate::notice::settle_all;
use crate::queue::{Due, mark};
use crate::{Store, StoreError, Time};

/// What the database has of a mirror.
struct Row {
    known: Known,
    parked: bool,
}

impl Store {
    /// Takes over a configuration: new mirrors become due for a first sweep, changed ones get their fingerprint (and, if an address
    /// changed, lose bases, intents and due references), missing ones are parked with their rows. Sweeps are spread evenly. In those
    /// that run by hand alone nothing becomes due.
    ///
    /// A run that is under way while an address changes loses its right to write: [`Store::intend`] is fenced, a heartbeat tells it to
    /// end, and what it would record of the old addresses is dropped.
    pub async fn adopt(&self, mirrors: &[Known], now: Time) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        self.adopt_in(tx, mirrors, now).await
    }

    /// The same in a transaction that has begun, and ends with it.
    pub(crate) async fn adopt_in(&self, mut tx: Tx, mirrors: &[Known], now: Time) -> Result<(), StoreError> {
        let mut before = rows(&mut tx).await?;
        let mut new = Vec::new();
        for known in mirrors {
            match before.remove(&known.name) {
                None => new.push(known),
                Some(row) => change(&mut tx, &row, known, now).await?,
            }
        }
        insert(&mut tx, &new, now).await?;
        for row in before.into_values().filter(|row| !row.parked) {
            let name = &row.known.name;
            tx.exec("UPDATE mirrors SET parked = 1 WHERE name = $1", args![name])
                .await?;
            settle_all(&mut tx, name, now).await?;
            set_health(&mut tx, name).await?;
        }
        self.commit_and_wake(tx).await
    }
}

async fn rows(tx: &mut Tx) -> Result<BTreeMap<String, Row>, StoreError> {
    let sql = "SELECT name, fingerprint, labels, source_url, target_url, sweep_ms, schedule, two_way, by_hand, parked FROM mirrors";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let known = Known {
                name: row.text("name")?,
                fingerprint: row.text("fingerprint")?,
                labels: crate::codec::from_json(row, "labels")?,
                source_url: row.text("source_url")?,
                target_url: row.text("target_url")?,
                sweep_ms: row.maybe_int("sweep_ms")?,
                schedule: row.maybe_text("schedule")?,
                two_way: row.flag("two_way")?,
                by_hand: row.flag("by_hand")?,
            };
            let parked = row.flag("parked")?;
            Ok((known.name.clone(), Row { known, parked }))
        })
        .collect()
}

/// When a mirror's first regular sweep comes: somewhere in the interval, by its name, so that sweeps are spread however mirrors come.
fn first_sweep(known: &Known, now: Time) -> Option<i64> {
    let interval = known.sweep_ms?.max(1);
    let digest = Sha256::digest(known.name.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    let part = i64::from_be_bytes(bytes).unsigned_abs() % interval.unsigned_abs();
    Some(now.0 + 1 + i64::try_from(part).unwrap_or(0))
}

async fn insert(tx: &mut Tx, new: &[&Known], now: Time) -> Result<(), StoreError> {
    let told = crate::queue::first_sweep(now);
    let mirrors = new.iter().map(|known| {
        args![
            &known.name,
            &known.fingerprint,
            json(&known.labels),
            &known.source_url,
            &known.target_url,
            sought(known),
            known.sweep_ms,
            &known.schedule,
            known.schedule.as_ref().map(|_| now),
            known.two_way,
            first_sweep(known, now),
            (!known.by_hand).then_some(now),
            1_i64,
            known.by_hand,
        ]
    });
    let mirrors: Vec<Vec<Value>> = mirrors.collect();
    let columns = "INSERT INTO mirrors (name, fingerprint, labels, source_url, target_url, sought, sweep_ms, schedule, scheduled_at, two_way, next_sweep, due_at, sequence, by_hand)";
    tx.insert(columns, mirrors, "").await?;
    let due = new
        .iter()
        .filter(|known| !known.by_hand)
        .map(|known| args![&known.name, &b""[..], 1_i64, now, &told])
        .collect();
    tx.insert("INSERT INTO due (mirror, name, number, since, told)", due, "")
        .await?;
    label(tx, new).await
}

fn sought(known: &Known) -> String {
    format!("{} {} {}", known.name, known.source_url, known.target_url).to_lowercase()
}

async fn label(tx: &mut Tx, mirrors: &[&Known]) -> Result<(), StoreError> {
    let rows = mirrors
        .iter()
        .flat_map(|known| {
            known
                .labels
                .iter()
                .map(|(label, value)| args![&known.name, label, value])
        })
        .collect();
    tx.insert("INSERT INTO mirror_labels (mirror, label, value)", rows, "")
        .await
}

async fn change(tx: &mut Tx, row: &Row, known: &Known, now: Time) -> Result<(), StoreError> {
    if row.known == *known && !row.parked {
        return Ok(());
    }
    let name = &known.name;
    tx.exec(
        "UPDATE mirrors SET fingerprint = $2, labels = $3, source_url = $4, target_url = $5, sought = $6, sweep_ms = $7, two_way = $8, by_hand = $9, parked = 0 WHERE name = $1",
        args![
            name,
            &known.fingerprint,
            json(&known.labels),
            &known.source_url,
            &known.target_url,
            sought(known),
            known.sweep_ms,
            known.two_way,
            known.by_hand
        ],
    )
    .await?;
    if row.known.labels != known.labels {
        tx.exec("DELETE FROM mirror_labels WHERE mirror = $1", args![name])
            .await?;
        label(tx, &[known]).await?;
    }
    if row.known.sweep_ms != known.sweep_ms {
        tx.exec(
            "UPDATE mirrors SET next_sweep = $2 WHERE name = $1",
            args![name, first_sweep(known, now)],
        )
        .await?;
    }
    if row.known.schedule != known.schedule {
        // From now on: what a new schedule had before concerns nobody.
        tx.exec(
            "UPDATE mirrors SET schedule = $2, scheduled_at = $3 WHERE name = $1",
            args![name, &known.schedule, known.schedule.as_ref().map(|_| now)],
        )
        .await?;
    }
    let moved = row.known.source_url != known.source_url || row.known.target_url != known.target_url;
    if moved {
        forget(tx, name, now).await?;
    }
    if known.by_hand {
        // Also what became due while it ran by itself.
        tx.exec("DELETE FROM due WHERE mirror = $1", args![name]).await?;
        tx.exec("UPDATE mirrors SET due_at = NULL WHERE name = $1", args![name])
            .await?;
    } else if moved || row.parked || row.known.by_hand || row.known.fingerprint != known.fingerprint {
        // Other rules, or another repository: what is in sync must be seen anew.
        mark(tx, name, &[Due::sweep()], now).await?;
        tx.exec("UPDATE mirrors SET due_at = $2 WHERE name = $1", args![name, now])
            .await?;
    }
    set_health(tx, name).await
}

/// Nothing that was known of the old addresses holds for the new ones.
async fn forget(tx: &mut Tx, name: &str, now: Time) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM bases WHERE mirror = $1",
        "DELETE FROM intents WHERE mirror = $1",
        "DELETE FROM standing WHERE mirror = $1",
        "DELETE FROM due WHERE mirror = $1",
        "UPDATE mirrors SET epoch = epoch + 1, due_at = NULL, failures = 0, error = NULL, behind_since = NULL, \
         in_sync_at = NULL, changed_at = NULL, conflicts = 0, held = 0, waiting = 0, refs = 0, refs_known = 0 WHERE name = $1",
    ] {
        tx.exec(sql, args![name]).await?;
    }
    settle_all(tx, name, now).await
}
