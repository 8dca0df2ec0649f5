//! Mirrors made over the API.

use crate::codec::word;
use crate::db::{Row, args};
use crate::mirror::{Health, Made, missing};
use crate::{Store, StoreError, Time};

fn made(row: &Row) -> Result<Made, StoreError> {
    Ok(Made {
        name: row.text("name")?,
        spec: row.text("spec")?,
        version: row.int("version")?,
    })
}

impl Store {
    /// The mirrors made over the API.
    pub async fn made(&self) -> Result<Vec<Made>, StoreError> {
        let sql = "SELECT name, spec, version FROM made_mirrors ORDER BY name";
        let rows = self.db().rows(sql, vec![]).await?;
        rows.iter().map(made).collect()
    }

    /// The mirror of that name, if it was made over the API.
    pub async fn made_one(&self, name: &str) -> Result<Option<Made>, StoreError> {
        let sql = "SELECT name, spec, version FROM made_mirrors WHERE name = $1";
        let row = self.db().first(sql, args![name]).await?;
        row.as_ref().map(made).transpose()
    }

    /// Changes whenever a mirror is made, changed or removed over the API, and when a copy of the database is put back: cheap to ask
    /// again and again.
    pub async fn made_stamp(&self) -> Result<String, StoreError> {
        let sql = "SELECT count(*) AS total, CAST(coalesce(sum(version), 0) AS BIGINT) AS versions, coalesce(max(changed), 0) AS latest, \
                   (SELECT coalesce(max(at), 0) FROM restores) AS restored FROM made_mirrors";
        let row = self.db().first(sql, vec![]).await?;
        let row = row.ok_or_else(|| StoreError::Database("a count has no row".to_owned()))?;
        Ok(format!(
            "{}-{}-{}-{}",
            row.int("total")?,
            row.int("versions")?,
            row.int("latest")?,
            row.int("restored")?
        ))
    }

    /// Makes one. An existing name is a conflict.
    pub async fn make(&self, name: &str, spec: &str, now: Time) -> Result<Made, StoreError> {
        let mut tx = self.begin().await?;
        let taken = tx
            .first(
                "SELECT 1 AS taken FROM mirrors WHERE name = $1 AND health <> $2",
                args![name, word(Health::Parked)],
            )
            .await?;
        let inserted = tx
            .exec(
                "INSERT INTO made_mirrors (name, spec, version, created, changed) VALUES ($1, $2, 1, $3, $3) ON CONFLICT DO NOTHING",
                args![name, spec, now],
            )
            .await?;
        if taken.is_some() || inserted == 0 {
            return Err(StoreError::Conflict(format!("a mirror {name} exists already")));
        }
        self.commit_and_wake(tx).await?;
        Ok(Made {
            name: name.to_owned(),
            spec: spec.to_owned(),
            version: 1,
        })
    }

    /// Changes one, if it still has that version.
    pub async fn remake(&self, name: &str, spec: &str, version: i64, now: Time) -> Result<Made, StoreError> {
        let mut tx = self.begin().await?;
        let changed = tx
            .exec(
                "UPDATE made_mirrors SET spec = $2, version = version + 1, changed = $4 WHERE name = $1 AND version = $3",
                args![name, spec, version, now],
            )
            .await?;
        if changed == 0 {
            let found = tx
                .first("SELECT version FROM made_mirrors WHERE name = $1", args![name])
                .await?;
            let found = found.ok_or_else(|| missing(name))?.int("version")?;
            return Err(StoreError::Conflict(format!(
                "mirror {name} was changed in the meantime: it has version {found}, not {version}; look at it again"
            )));
        }
        self.commit_and_wake(tx).await?;
        Ok(Made {
            name: name.to_owned(),
            spec: spec.to_owned(),
            version: version + 1,
        })
    }

    /// Removes one made over the API. What became of it stays until the next [`Store::adopt`] parks its rows.
    pub async fn unmake(&self, name: &str, _now: Time) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let removed = tx
            .exec("DELETE FROM made_mirrors WHERE name = $1", args![name])
            .await?;
        if removed == 0 {
            return Err(missing(name));
        }
        self.commit_and_wake(tx).await
    }
}
