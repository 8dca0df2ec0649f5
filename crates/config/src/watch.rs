//! Noticing that a file changed: size, time and inode of the main file and those it includes, looked at every second.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::checked::Config;

/// How often it is looked at.
pub const EVERY: Duration = Duration::from_secs(1);

/// How files are at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(BTreeMap<PathBuf, Option<Seen>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    size: u64,
    modified: (i64, i64),
    inode: (u64, u64),
}

/// What is looked at: files, and patterns of files that may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    main: PathBuf,
    files: Vec<PathBuf>,
    patterns: Vec<String>,
}

impl Watch {
    /// Of one file alone: of a configuration that could not be read, not much more is known.
    pub fn file(main: &Path) -> Self {
        Self {
            main: main.to_owned(),
            files: Vec::new(),
            patterns: Vec::new(),
        }
    }

    /// Of all that a configuration was read from, beside its main file.
    pub fn config(main: &Path, config: &Config) -> Self {
        Self {
            main: main.to_owned(),
            files: config.files.clone(),
            patterns: config.includes.clone(),
        }
    }

    /// How the files are now. A file that is not there is a state like any other.
    pub fn state(&self) -> State {
        let mut seen = BTreeMap::new();
        let found = self
            .patterns
            .iter()
            .filter_map(|pattern| glob::glob(pattern).ok());
        let found = found.flatten().filter_map(Result::ok);
        for path in std::iter::once(&self.main)
            .chain(&self.files)
            .cloned()
            .chain(found)
        {
            let now = look(&path);
            seen.insert(path, now);
        }
        State(seen)
    }

    /// Waits until the files differ from a state and did not change between two looks, so that nobody reads half a file.
    /// Gives the new state.
    pub async fn changed(&self, from: &State) -> State {
        self.changed_within(from, EVERY).await
    }

    async fn changed_within(&self, from: &State, every: Duration) -> State {
        let mut last = None;
        loop {
            tokio::time::sleep(every).await;
            let watch = self.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || watch.state()).await else {
                continue;
            };
            if now != *from && last.as_ref() == Some(&now) {
                return now;
            }
            last = Some(now);
        }
    }
}

fn look(path: &Path) -> Option<Seen> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Seen {
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        inode: (metadata.dev(), metadata.ino()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_replaced_or_newly_fits_a_pattern_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let main = directory.path().join("refsync.yaml");
        std::fs::write(&main, "version: 1\n").unwrap();
        let watch = Watch {
            main: main.clone(),
            files: vec![main.clone()],
            patterns: vec![format!("{}/mirrors.d/*.yaml", directory.path().display())],
        };
        let every = Duration::from_millis(5);
        let first = watch.state();
        assert_eq!(first, watch.state());
        // As editors do: a new file in the place of the old one.
        let new = directory.path().join("new");
        std::fs::write(&new, "version: 1\n").unwrap();
        std::fs::rename(&new, &main).unwrap();
        let second = watch.changed_within(&first, every).await;
        assert_ne!(first, second);
        std::fs::create_dir(directory.path().join("mirrors.d")).unwrap();
        std::fs::write(directory.path().join("mirrors.d/a.yaml"), "").unwrap();
        let third = watch.changed_within(&second, every).await;
        assert_ne!(second, third);
        std::fs::remove_file(&main).unwrap();
        assert_ne!(third, watch.changed_within(&third, every).await);
    }
}
