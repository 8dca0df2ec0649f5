//! Bases, for people and for the echo.

use engine::decide::Base;
use gitwire::RefName;

use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

/// One reference as remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Its name.
    pub name: RefName,
    /// What both sides last agreed on.
    pub base: Base,
    /// Since when.
    pub since: Time,
}

impl Store {
    /// A mirror's references by name.
    pub async fn remembered(&self, _mirror: &str, _ask: &Ask) -> Result<Page<Remembered>, StoreError> {
        todo!()
    }
}
