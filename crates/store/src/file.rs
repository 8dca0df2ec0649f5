//! The file of SQLite, and whether it still is the one that was opened.
//!
//! On Unix a file that is removed lives on for those who have it open, and SQLite notices nothing: every write succeeds, and all of them
//! are gone with the process.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::StoreError;

/// A file as it was when it was opened.
#[derive(Debug)]
pub(crate) struct OpenFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl OpenFile {
    /// The file that stands there.
    pub(crate) fn of(path: &Path) -> Result<Self, StoreError> {
        let seen = std::path::absolute(path).and_then(|path| Ok((std::fs::metadata(&path)?, path)));
        let (metadata, path) = seen.map_err(|error| {
            StoreError::Unusable(format!(
                "the database {} is gone as soon as it was opened ({error}): does another program remove it?",
                path.display()
            ))
        })?;
        Ok(Self {
            path,
            identity: identity(&metadata),
        })
    }

    /// An error if another file, or none, stands there now.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let what = match std::fs::metadata(&self.path) {
            Ok(now) if identity(&now) == self.identity => return Ok(()),
            Ok(_) => "replaced by another",
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                "moved or removed"
            }
            // It cannot be looked at, which says nothing of where it is.
            Err(_) => return Ok(()),
        };
        Err(StoreError::Adrift {
            path: self.path.clone(),
            what,
        })
    }
}

fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[tokio::test]
    async fn a_database_that_is_moved_removed_or_replaced_while_it_is_open_is_told() {
        let directory = testkit::tmp();
        let (path, aside) = (directory.path().join("a.db"), directory.path().join("b.db"));
        let store = Store::open(&format!("sqlite:{}", path.display()).into())
            .await
            .unwrap();
        store.check().await.unwrap();
        let adrift = async || match store.check().await.unwrap_err() {
            error @ StoreError::Adrift { .. } => error.to_string(),
            other => panic!("{other:?}"),
        };
        std::fs::rename(&path, &aside).unwrap();
        let told = adrift().await;
        assert!(told.contains("a.db was moved or removed while"), "{told}");
        std::fs::write(&path, "").unwrap();
        let told = adrift().await;
        assert!(told.contains("a.db was replaced by another while"), "{told}");
        std::fs::rename(&aside, &path).unwrap();
        store.check().await.unwrap();
        store.check_file().await.unwrap();
    }
}
