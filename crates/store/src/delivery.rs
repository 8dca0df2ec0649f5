//! Deliveries of webhooks, as they came.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec;
use crate::db::{Row, Tx, args};
use crate::page::{Ask, Page};
use crate::queue::{Due, Marked, mark};
use crate::{Store, StoreError, Time};

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Ours, a UUID of version 7.
    pub id: String,
    /// The mirror of the endpoint; `None` for a host's.
    pub mirror: Option<String>,
    /// `source` or `target`; `None` for a host's.
    pub side: Option<String>,
    /// The credential of a host's endpoint.
    pub credential: Option<String>,
    /// The provider's word.
    pub provider: String,
    /// The host's own id.
    pub host_id: Option<String>,
    /// The event's name.
    pub event: Option<String>,
    /// When it came.
    pub at: Time,
    /// From where.
    pub from: String,
    /// Headers that may be kept, as JSON.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
    /// The status it was answered with.
    pub status: u16,
    /// What became of each reference, as JSON (the API's answer).
    pub disposition: String,
    /// The delivery that this one repeats: known by the host's id, or redelivered by a person.
    pub repeats: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this mirror's endpoints, or with one of its references in them.
    pub mirror: Option<String>,
    /// Of this credential's endpoint.
    pub credential: Option<String>,
}

const WITHOUT_BODY: &str = "SELECT d.id, d.mirror, d.side, d.credential, d.provider, d.host_id, d.event, d.at, d.sender, d.headers, \
     d.status, d.disposition, d.repeats FROM deliveries d";

fn read(row: &Row, body: Vec<u8>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.text("id")?,
        mirror: row.maybe_text("mirror")?,
        side: row.maybe_text("side")?,
        credential: row.maybe_text("credential")?,
        provider: row.text("provider")?,
        host_id: row.maybe_text("host_id")?,
        event: row.maybe_text("event")?,
        at: row.time("at")?,
        from: row.text("sender")?,
        headers: row.text("headers")?,
        body,
        status: row.count("status")?,
        disposition: row.text("disposition")?,
        repeats: row.maybe_text("repeats")?,
    })
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound {
        what: format!("delivery {id}"),
    }
}

impl Delivery {
    /// A host's id is its own only at one endpoint.
    fn endpoint(&self) -> String {
        codec::json(&(&self.mirror, &self.side, &self.credential))
    }
}

/// What is told of a delivery once it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// What became of each due thing, in order.
    pub marked: Vec<Marked>,
    /// The delivery that this one repeats.
    pub repeats: Option<String>,
}

/// Makes of what became of a delivery the disposition that is kept with it.
pub type Answering = Box<dyn Fn(&Delivered) -> String + Send + Sync>;

/// A delivery with what it makes due, and how it is answered once that is marked.
pub struct Arrival {
    /// The delivery. Its disposition is replaced.
    pub delivery: Delivery,
    /// Mirrors and what is due in them.
    pub due: Vec<(String, Due)>,
    /// Its disposition.
    pub answer: Answering,
}

/// Keeps a delivery and marks what it makes due.
async fn keep(
    tx: &mut Tx,
    delivery: &Delivery,
    due: &[(String, Due)],
    answer: Option<&Answering>,
) -> Result<Delivered, StoreError> {
    let repeats = repeated(tx, delivery).await?;
    // Mirrors in the order of their names, so that two transactions never wait for each other.
    let mut by_mirror: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (mirror, _)) in due.iter().enumerate() {
        by_mirror.entry(mirror).or_default().push(index);
    }
    let mut marked = vec![Marked::Queued; due.len()];
    for (mirror, indices) in &by_mirror {
        let these: Vec<Due> = indices.iter().map(|index| due[*index].1.clone()).collect();
        let became = mark(tx, mirror, &these, delivery.at).await?;
        for (index, became) in indices.iter().zip(became) {
            marked[*index] = became;
        }
    }
    let delivered = Delivered { marked, repeats };
    let disposition = answer.map_or_else(|| delivery.disposition.clone(), |answer| answer(&delivered));
    insert(tx, delivery, delivered.repeats.as_deref(), disposition).await?;
    let concerned: BTreeSet<&str> = by_mirror.into_keys().chain(delivery.mirror.as_deref()).collect();
    let rows = concerned
        .into_iter()
        .map(|mirror| args![mirror, &delivery.id])
        .collect();
    tx.insert("INSERT INTO delivery_mirrors (mirror, delivery)", rows, "")
        .await?;
    Ok(delivered)
}

/// The first delivery of the same host's id, unless it is known already what this one repeats.
async fn repeated(tx: &mut Tx, delivery: &Delivery) -> Result<Option<String>, StoreError> {
    let (None, Some(host_id)) = (&delivery.repeats, &delivery.host_id) else {
        return Ok(delivery.repeats.clone());
    };
    let sql = "SELECT id FROM deliveries WHERE endpoint = $1 AND host_id = $2 ORDER BY id LIMIT 1";
    let row = tx.first(sql, args![delivery.endpoint(), host_id]).await?;
    row.map(|row| row.text("id")).transpose()
}

async fn insert(
    tx: &mut Tx,
    delivery: &Delivery,
    repeats: Option<&str>,
    disposition: String,
) -> Result<(), StoreError> {
    tx.exec(
        "INSERT INTO deliveries (id, endpoint, mirror, side, credential, provider, host_id, event, at, sender, headers, body, \
           status, disposition, repeats) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        args![
            &delivery.id,
            delivery.endpoint(),
            &delivery.mirror,
            &delivery.side,
            &delivery.credential,
            &delivery.provider,
            &delivery.host_id,
            &delivery.event,
            delivery.at,
            &delivery.from,
            &delivery.headers,
            delivery.body.as_slice(),
            i64::from(delivery.status),
            disposition,
            repeats,
        ],
    )
    .await
    .map(drop)
}

impl Store {
    /// Keeps a delivery together with what it makes due, in one transaction: written down before it is answered.
    /// Gives what became of each due thing, in order, and the delivery that this one repeats.
    pub async fn deliver(
        &self,
        delivery: &Delivery,
        due: &[(String, Due)],
    ) -> Result<(Vec<Marked>, Option<String>), StoreError> {
        let mut tx = self.begin().await?;
        let delivered = keep(&mut tx, delivery, due, None).await?;
        self.commit_and_wake(tx).await?;
        Ok((delivered.marked, delivered.repeats))
    }

    /// Keeps several deliveries in one transaction, which is one commit for all; gives what is told of each, in order. Either all are
    /// kept or none. On SQLite it passes all other writers that wait.
    pub async fn deliver_all(&self, arrivals: &[Arrival]) -> Result<Vec<Delivered>, StoreError> {
        let mut tx = self.db().begin_first().await?;
        // In the order of their names and before all else, so that two transactions never wait for each other.
        let mirrors: BTreeSet<&str> = arrivals
            .iter()
            .flat_map(|arrival| arrival.due.iter().map(|(mirror, _)| mirror.as_str()))
            .collect();
        if arrivals.len() > 1 {
            for mirror in mirrors {
                tx.locked("SELECT name FROM mirrors WHERE name = $1", args![mirror])
                    .await?;
            }
        }
        let mut delivered = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            delivered.push(keep(&mut tx, &arrival.delivery, &arrival.due, Some(&arrival.answer)).await?);
        }
        self.commit_and_wake(tx).await?;
        Ok(delivered)
    }

    /// Sets what is shown as its disposition.
    pub async fn set_disposition(&self, id: &str, status: u16, disposition: &str) -> Result<(), StoreError> {
        let sql = "UPDATE deliveries SET status = $2, disposition = $3 WHERE id = $1";
        match self
            .db()
            .exec(sql, args![id, i64::from(status), disposition])
            .await?
        {
            0 => Err(missing(id)),
            _ => Ok(()),
        }
    }

    /// One delivery, with its body.
    pub async fn delivery(&self, id: &str) -> Result<Delivery, StoreError> {
        let row = self
            .db()
            .first("SELECT * FROM deliveries WHERE id = $1", args![id])
            .await?;
        let row = row.ok_or_else(|| missing(id))?;
        read(&row, row.blob("body")?)
    }

    /// Deliveries, newest first, without bodies.
    pub async fn deliveries(&self, filter: &Filter, ask: &Ask) -> Result<Page<Delivery>, StoreError> {
        let mut values = args![ask.fetch()];
        let mut sql = format!("{WITHOUT_BODY} WHERE 1 = 1");
        let mut place = |value: crate::db::Value| {
            values.push(value);
            format!("${}", values.len())
        };
        if let Some(after) = ask.key::<String>()? {
            sql.push_str(&format!(" AND d.id < {}", place(after.into())));
        }
        if let Some(mirror) = &filter.mirror {
            sql.push_str(&format!(
                " AND d.id IN (SELECT m.delivery FROM delivery_mirrors m WHERE m.mirror = {})",
                place(mirror.into())
            ));
        }
        if let Some(credential) = &filter.credential {
            sql.push_str(&format!(" AND d.credential = {}", place(credential.into())));
        }
        sql.push_str(" ORDER BY d.id DESC LIMIT $1");
        let rows = self.db().rows(sqlx::AssertSqlSafe(sql), values).await?;
        let items = rows
            .iter()
            .map(|row| read(row, Vec::new()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, ask, |item| item.id.clone()))
    }
}

#[cfg(test)]
mod tests;
