//! Writing down what is due.

use crate::codec::{from_json, json};
use crate::db::{Row, Tx, args};
use crate::mirror::{missing, set_health};
use crate::queue::told::{self, Told};
use crate::queue::{Due, Marked};
use crate::{Store, StoreError, Time};

impl Due {
    /// The whole scope, by the clock.
    pub(crate) fn sweep() -> Self {
        Self::all("sweep")
    }

    /// The whole scope.
    pub(crate) fn all(trigger: &str) -> Self {
        Self {
            name: None,
            event: None,
            trigger: trigger.to_owned(),
            delivery: None,
        }
    }

    /// The key of its row: an empty name is the whole scope.
    fn key(&self) -> &[u8] {
        self.name.as_ref().map_or(&[], |name| name.as_bytes())
    }

    /// Whether it ends a back-off: something happened, or a person asks. The clock alone does not.
    fn is_news(&self) -> bool {
        is_news(&self.trigger)
    }
}

pub(crate) fn is_news(trigger: &str) -> bool {
    !matches!(trigger, "sweep" | "schedule" | "retry")
}

impl Store {
    /// Writes down what is due, in one transaction, and wakes the workers. Parked mirrors take it too; paused ones keep it.
    pub async fn mark_due(&self, mirror: &str, due: &[Due], now: Time) -> Result<Vec<Marked>, StoreError> {
        let mut tx = self.begin().await?;
        let marked = mark(&mut tx, mirror, due, now).await?;
        self.commit_and_wake(tx).await?;
        Ok(marked)
    }
}

/// What decides whether an event is an echo.
struct Mirror {
    sequence: i64,
    claimed: bool,
}

pub(crate) async fn mark(
    tx: &mut Tx,
    mirror: &str,
    due: &[Due],
    now: Time,
) -> Result<Vec<Marked>, StoreError> {
    let sql = "SELECT sequence, claim_by FROM mirrors WHERE name = $1";
    let row = tx
        .locked(sql, args![mirror])
        .await?
        .ok_or_else(|| missing(mirror))?;
    let mut state = Mirror {
        sequence: row.int("sequence")?,
        claimed: row.maybe_text("claim_by")?.is_some(),
    };
    let before = state.sequence;
    let mut marked = Vec::with_capacity(due.len());
    for due in due {
        marked.push(mark_one(tx, mirror, &mut state, due, now).await?);
    }
    if state.sequence == before {
        return Ok(marked);
    }
    // What is news ends a back-off, a sweep waits for its end. What is due already keeps its turn: a busy mirror does not go behind
    // the others with each event.
    let changes = marked
        .iter()
        .zip(due)
        .filter(|(marked, _)| **marked != Marked::Echo);
    let news = changes.clone().any(|(_, due)| due.is_news());
    let named = changes.clone().any(|(_, due)| due.name.is_some());
    tx.exec(
        "UPDATE mirrors SET sequence = $2, \
           due_at = CASE WHEN due_at IS NULL OR ($4 = 1 AND due_at > $3) THEN $3 ELSE due_at END, \
           behind_since = CASE WHEN $5 = 1 THEN coalesce(behind_since, $3) ELSE behind_since END \
         WHERE name = $1",
        args![mirror, state.sequence, now, news, named],
    )
    .await?;
    set_health(tx, mirror).await?;
    Ok(marked)
}

async fn mark_one(
    tx: &mut Tx,
    mirror: &str,
    state: &mut Mirror,
    due: &Due,
    now: Time,
) -> Result<Marked, StoreError> {
    let known = tx
        .first(
            "SELECT told FROM due WHERE mirror = $1 AND name = $2",
            args![mirror, due.key()],
        )
        .await?;
    let number = state.sequence + 1;
    let new = Told::of(due, number, now);
    let Some(row) = known else {
        if is_echo(tx, mirror, state, due).await? {
            return Ok(Marked::Echo);
        }
        state.sequence = number;
        tx.exec(
            "INSERT INTO due (mirror, name, number, since, told) VALUES ($1, $2, $3, $4, $5)",
            args![mirror, due.key(), number, now, json(&[new])],
        )
        .await?;
        return Ok(Marked::Queued);
    };
    state.sequence = number;
    let mut all: Vec<Told> = from_json(&row, "told")?;
    told::add(&mut all, new);
    tx.exec(
        "UPDATE due SET number = $3, told = $4 WHERE mirror = $1 AND name = $2",
        args![mirror, due.key(), number, json(&all)],
    )
    .await?;
    Ok(Marked::Coalesced)
}

/// An event whose new value is the base of its reference, of which nothing else is known: most likely our own push, told back to us.
///
/// Not under a claim, for the run may have seen another value and be about to write it: [`Store::finish`] looks at it again. Not where
/// a reference stands or a write of it was begun.
async fn is_echo(tx: &mut Tx, mirror: &str, state: &Mirror, due: &Due) -> Result<bool, StoreError> {
    let (Some(name), Some((_, moved))) = (&due.name, &due.event) else {
        return Ok(false);
    };
    if state.claimed {
        return Ok(false);
    }
    let new = moved.new.map(|id| id.to_string());
    let base = settled_base(tx, mirror, name.as_bytes()).await?;
    Ok(base == Some(new))
}

/// The base of a reference on which both sides agree, unless it stands or a write of it was begun.
pub(crate) async fn settled_base(
    tx: &mut Tx,
    mirror: &str,
    name: &[u8],
) -> Result<Option<Option<String>>, StoreError> {
    let sql = "SELECT b.value FROM bases b WHERE b.mirror = $1 AND b.name = $2 AND b.kind = 'agreed' \
         AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.mirror = $1 AND i.name = $2) \
         AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.mirror = $1 AND s.name = $2)";
    let row: Option<Row> = tx.first(sql, args![mirror, name]).await?;
    row.map(|row| row.maybe_text("value")).transpose()
}
