//! What is remembered of a mirror's references, and what is about to be written.

use std::collections::BTreeMap;

use gitwire::RefName;
use sqlx::AssertSqlSafe;

use crate::codec::{base, maybe_oid, oid_value, parse_side, ref_name, side_word};
use crate::conflict::{Standing, standing};
use crate::db::{Row, Value, args};
use crate::mirror::missing;
use crate::queue::{Claim, Intent, Memory, hold, lost};
use crate::{Store, StoreError, Time};

/// How many names are asked for with one statement.
const NAMES: usize = 256;

impl Store {
    /// What is remembered of a mirror's references: of these, or of all.
    pub async fn memory(&self, mirror: &str, names: Option<&[RefName]>) -> Result<Memory, StoreError> {
        let sql = "SELECT refs FROM mirrors WHERE name = $1";
        let row = self.db().first(sql, args![mirror]).await?;
        let row = row.ok_or_else(|| missing(mirror))?;
        let mut memory = Memory {
            references: row.count("refs")?,
            ..Memory::default()
        };
        let sql = "SELECT name, kind, value FROM bases WHERE mirror = $1";
        for row in self.of_names(sql, mirror, names).await? {
            memory
                .bases
                .insert(ref_name(&row, "name")?, base(&row, "kind", "value")?);
        }
        let sql = "SELECT name, side, old, new FROM intents WHERE mirror = $1";
        for row in self.of_names(sql, mirror, names).await? {
            let intent = Intent {
                to: parse_side(&row.text("side")?)?,
                old: maybe_oid(&row, "old")?,
                new: maybe_oid(&row, "new")?,
            };
            memory.intents.insert(ref_name(&row, "name")?, intent);
        }
        memory.standing = self.waiting(mirror, names).await?;
        Ok(memory)
    }

    /// What waits of these references, or of all.
    pub async fn waiting(
        &self,
        mirror: &str,
        names: Option<&[RefName]>,
    ) -> Result<Vec<Standing>, StoreError> {
        let sql = "SELECT name, why, source, target, base_kind, base_value, words, run, since FROM standing WHERE mirror = $1";
        let rows = self.of_names(sql, mirror, names).await?;
        rows.iter().map(standing).collect()
    }

    async fn of_names(
        &self,
        sql: &'static str,
        mirror: &str,
        names: Option<&[RefName]>,
    ) -> Result<Vec<Row>, StoreError> {
        let Some(names) = names else {
            return self.db().rows(sql, args![mirror]).await;
        };
        let mut rows = Vec::new();
        for chunk in names.chunks(NAMES) {
            // Few distinct numbers of placeholders, so that prepared statements are used again: the last name is repeated.
            let size = chunk.len().next_power_of_two();
            let places: Vec<String> = (0..size).map(|index| format!("${}", index + 2)).collect();
            let sql = format!("{sql} AND name IN ({})", places.join(","));
            let padded = (0..size).map(|index| Value::from(&chunk[index.min(chunk.len() - 1)]));
            let values = args![mirror].into_iter().chain(padded).collect();
            rows.extend(self.db().rows(AssertSqlSafe(sql), values).await?);
        }
        Ok(rows)
    }

    /// Writes down what is about to be pushed. Fenced, also by a change of an address since the claim.
    pub async fn intend(
        &self,
        claim: &Claim,
        writes: &[(RefName, Intent)],
        now: Time,
    ) -> Result<(), StoreError> {
        let Some(mirror) = &claim.mirror else {
            return Ok(());
        };
        let mut tx = self.begin().await?;
        if hold(&mut tx, claim).await?.moved {
            return Err(lost(mirror));
        }
        // One intent for a name: PostgreSQL refuses a statement that writes a row twice.
        let writes: BTreeMap<_, _> = writes.iter().map(|(name, intent)| (name, intent)).collect();
        let rows = writes
            .into_iter()
            .map(|(name, intent)| {
                let side = side_word(intent.to);
                args![
                    mirror,
                    name,
                    side,
                    oid_value(intent.old),
                    oid_value(intent.new),
                    now
                ]
            })
            .collect();
        tx.insert(
            "INSERT INTO intents (mirror, name, side, old, new, since)",
            rows,
            "ON CONFLICT (mirror, name) DO UPDATE SET side = excluded.side, old = excluded.old, new = excluded.new, since = excluded.since",
        )
        .await?;
        tx.commit().await
    }
}
