//! Who changed what.

use crate::db::{Row, args};
use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub number: i64,
    /// When.
    pub at: Time,
    /// The token's name, or `refsync`.
    pub actor: String,
    /// The address it came from.
    pub from: String,
    /// `mirror.pause`.
    pub action: String,
    /// `mirror app`.
    pub subject: String,
    /// Before, as JSON.
    pub before: Option<String>,
    /// After, as JSON.
    pub after: Option<String>,
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        number: row.int("number")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        from: row.text("sender")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        before: row.maybe_text("before")?,
        after: row.maybe_text("after")?,
    })
}

impl Store {
    /// Writes down a change; its number is ignored.
    pub async fn audit(&self, entry: &Entry) -> Result<(), StoreError> {
        self.db()
            .exec(
                "INSERT INTO audit (at, actor, sender, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                args![
                    entry.at,
                    &entry.actor,
                    &entry.from,
                    &entry.action,
                    &entry.subject,
                    &entry.before,
                    &entry.after
                ],
            )
            .await
            .map(drop)
    }

    /// Changes, newest first, of one subject or all.
    pub async fn audits(&self, subject: Option<&str>, ask: &Ask) -> Result<Page<Entry>, StoreError> {
        let after = ask.key::<i64>()?.unwrap_or(i64::MAX);
        let rows = match subject {
            Some(subject) => {
                let sql =
                    "SELECT * FROM audit WHERE subject = $3 AND number < $1 ORDER BY number DESC LIMIT $2";
                self.db().rows(sql, args![after, ask.fetch(), subject]).await?
            }
            None => {
                let sql = "SELECT * FROM audit WHERE number < $1 ORDER BY number DESC LIMIT $2";
                self.db().rows(sql, args![after, ask.fetch()]).await?
            }
        };
        let items = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, ask, |item| item.number))
    }
}
