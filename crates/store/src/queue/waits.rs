//! What is due of a mirror, for people to see.

use engine::decide::Hints;
use gitwire::RefName;

use crate::codec::{from_json, ref_name};
use crate::db::args;
use crate::queue::told::{self, Told};
use crate::{Store, StoreError, Time};

/// A reference that was told to have changed, and that no run looked at since.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its name.
    pub name: RefName,
    /// First sight of the change.
    pub since: Time,
    /// The events that were told, oldest first.
    pub told: Hints,
}

impl Store {
    /// The references of a mirror that are due, by name, from after that one, at most `limit`.
    pub async fn due(&self, mirror: &str, after: &[u8], limit: u32) -> Result<Vec<Due>, StoreError> {
        // The whole scope is due under an empty name, which is after none.
        let sql = "SELECT name, since, told FROM due WHERE mirror = $1 AND name > $2 ORDER BY name LIMIT $3";
        let rows = self.db().rows(sql, args![mirror, after.to_vec(), limit]).await?;
        rows.iter()
            .map(|row| {
                let told: Vec<Told> = from_json(row, "told")?;
                Ok(Due {
                    name: ref_name(row, "name")?,
                    since: row.time("since")?,
                    told: told::hints(&told)?,
                })
            })
            .collect()
    }

    /// How many references of a mirror differ, as far as that is known: those that wait, and those that are due and do not.
    pub async fn differing(&self, mirror: &str) -> Result<u64, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM standing WHERE mirror = $1) + \
             (SELECT count(*) FROM due d WHERE d.mirror = $1 AND length(d.name) > 0 \
              AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.mirror = d.mirror AND s.name = d.name)) AS total";
        match self.db().first(sql, args![mirror]).await? {
            Some(row) => row.count("total"),
            None => Ok(0),
        }
    }
}
