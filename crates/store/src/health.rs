//! Whether the database answers and takes writes.

use crate::{Store, StoreError};

impl Store {
    /// An error if it cannot be read or written.
    pub async fn check(&self) -> Result<(), StoreError> {
        todo!()
    }
}
