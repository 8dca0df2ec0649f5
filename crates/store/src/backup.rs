//! Copies of the database, made while it is in use, and put back.

use std::path::Path;

use crate::{Store, StoreError};

impl Store {
    /// Writes a whole copy to a file that must not exist: SQLite by `VACUUM INTO`, PostgreSQL as a SQLite file with the same rows.
    pub async fn backup(&self, _file: &Path) -> Result<(), StoreError> {
        todo!()
    }

    /// Puts a copy back into this database, whatever was in it. From then on no deletion or rewrite rests on a base until both
    /// sides were seen equal once (`Memory::distrusted`).
    pub async fn restore(&self, _file: &Path) -> Result<(), StoreError> {
        todo!()
    }
}
