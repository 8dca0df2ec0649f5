//! Runs by the hour, for pictures.

use sqlx::AssertSqlSafe;

use super::State;
use crate::codec::from_word;
use crate::db::{Value, args};
use crate::{Store, StoreError, Time};

/// Runs of a mirror that began within the same hour and ended alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourOfRuns {
    /// The mirror.
    pub mirror: String,
    /// Hours since 1970.
    pub hour: i64,
    /// How they ended.
    pub state: State,
    /// How many.
    pub count: u64,
}

impl Store {
    /// The runs of these mirrors since then, at most 500 mirrors.
    pub async fn run_hours(&self, mirrors: &[&str], since: Time) -> Result<Vec<HourOfRuns>, StoreError> {
        if mirrors.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (2..mirrors.len() + 2)
            .map(|number| format!("${number}"))
            .collect();
        let sql = format!(
            "SELECT mirror, created / 3600000 AS hour, state, count(*) AS total FROM runs \
             WHERE created >= $1 AND mirror IN ({}) GROUP BY mirror, created / 3600000, state",
            places.join(",")
        );
        let mut values = args![since];
        values.extend(mirrors.iter().map(|mirror| Value::from(*mirror)));
        let rows = self.db().rows(AssertSqlSafe(sql), values).await?;
        rows.iter()
            .map(|row| {
                Ok(HourOfRuns {
                    mirror: row.text("mirror")?,
                    hour: row.int("hour")?,
                    state: from_word(row, "state")?,
                    count: row.count("total")?,
                })
            })
            .collect()
    }
}
