//! Whether the database answers and takes writes.

use std::time::Duration;

use crate::db::args;
use crate::{Store, StoreError};

/// How long PostgreSQL may take to answer: who asks whether it does gives up soon, and should be told why it does not.
const PATIENCE: Duration = Duration::from_secs(5);

impl Store {
    /// An error if it cannot be read or written, its file is not where it was, or a server does not answer within a few seconds.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.check_file().await?;
        self.db().within(PATIENCE, self.look()).await
    }

    /// An error if the file of SQLite is not where it was opened any more.
    pub async fn check_file(&self) -> Result<(), StoreError> {
        let Some(file) = self.db().file() else {
            return Ok(());
        };
        // Only the end of the runtime ends it, and then nobody waits for it.
        let checked = tokio::task::spawn_blocking(move || file.check()).await;
        checked.unwrap_or(Ok(()))
    }

    async fn look(&self) -> Result<(), StoreError> {
        self.db()
            .first("SELECT count(*) AS steps FROM refsync_schema", vec![])
            .await?;
        // A write that changes nothing still needs the right and the lock to write.
        let sql = "UPDATE refsync_schema SET at = at WHERE number = $1";
        match self.db().exec(sql, args![1_i64]).await? {
            1 => Ok(()),
            _ => Err(StoreError::Unusable(
                "the database lost its tables: restore a backup with `refsync db restore`".to_owned(),
            )),
        }
    }
}
