//! Bases, for people and for the echo.

use engine::decide::Base;
use gitwire::RefName;

use crate::codec::{base, ref_name};
use crate::db::args;
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
    pub async fn remembered(&self, mirror: &str, ask: &Ask) -> Result<Page<Remembered>, StoreError> {
        let after = ask.key::<String>()?.unwrap_or_default();
        let after = hex::decode(&after).map_err(|_| StoreError::NotFound {
            what: "the page after this cursor".to_owned(),
        })?;
        let rows = self
            .db()
            .rows(
                "SELECT name, kind, value, since FROM bases WHERE mirror = $1 AND name > $2 ORDER BY name LIMIT $3",
                args![mirror, after, ask.fetch()],
            )
            .await?;
        let items = rows.iter().map(|row| {
            Ok(Remembered {
                name: ref_name(row, "name")?,
                base: base(row, "kind", "value")?,
                since: row.time("since")?,
            })
        });
        let items = items.collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Page::cut(items, ask, |item| hex::encode(item.name.as_bytes())))
    }
}
