//! Mirrors in any order: what they are put in order by, and the rows of some of them.

use sqlx::AssertSqlSafe;

use super::{Filter, Health, OVERVIEW, Overview, conditions, overview};
use crate::codec::from_word;
use crate::db::{Value, args};
use crate::{Store, StoreError, Time};

/// The most mirrors that are put in order.
const MOST_KEYS: i64 = 50_000;

/// The most mirrors that are read by name at a time.
const MOST_NAMED: usize = 500;

/// What a list of mirrors is put in order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The mirror's name.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// First sight of the oldest change that is not on the other side yet.
    pub behind_since: Option<Time>,
    /// When a reference was last written.
    pub changed_at: Option<Time>,
}

impl Store {
    /// The keys of all mirrors that fit, by name; the first 50,000.
    pub async fn mirror_keys(&self, filter: &Filter) -> Result<Vec<Key>, StoreError> {
        let mut values = args![MOST_KEYS];
        let sql = format!(
            "SELECT m.name, m.health, m.behind_since, m.changed_at FROM mirrors m WHERE 1 = 1{} ORDER BY m.name LIMIT $1",
            conditions(filter, &mut values)
        );
        let rows = self.db().rows(AssertSqlSafe(sql), values).await?;
        rows.iter()
            .map(|row| {
                Ok(Key {
                    name: row.text("name")?,
                    health: from_word(row, "health")?,
                    behind_since: row.maybe_time("behind_since")?,
                    changed_at: row.maybe_time("changed_at")?,
                })
            })
            .collect()
    }

    /// The mirrors with these names, in no order; those that do not exist are left out. At most 500 names count.
    pub async fn mirrors_named(&self, names: &[&str]) -> Result<Vec<Overview>, StoreError> {
        let names = &names[..names.len().min(MOST_NAMED)];
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
        let sql = format!("{OVERVIEW} WHERE m.name IN ({})", places.join(","));
        let values = names.iter().map(|name| Value::from(*name)).collect();
        let rows = self.db().rows(AssertSqlSafe(sql), values).await?;
        rows.iter().map(overview).collect()
    }
}
