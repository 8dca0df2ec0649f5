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
    /// The references of a mirror that are due, by name, at most `limit`.
    pub async fn due(&self, mirror: &str, limit: u32) -> Result<Vec<Due>, StoreError> {
        let sql =
            "SELECT name, since, told FROM due WHERE mirror = $1 AND length(name) > 0 ORDER BY name LIMIT $2";
        let rows = self.db().rows(sql, args![mirror, limit]).await?;
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
}
